import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import t, { type Test as TapTest } from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { insertDeadLetter, jobRecord } from '../support/dead-letters.js'
import { registerAdmin } from '../support/factories.js'
import { until } from '../support/until.js'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const WAIT_MS = 10_000
const REASON = 'SMTP 550: no such mailbox'

const findChromium = (): string | undefined => {
  const { CHROMIUM_PATH, PATH = '' } = process.env
  if (CHROMIUM_PATH) return CHROMIUM_PATH
  const folders = PATH.split(delimiter).filter(Boolean)
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path))
}

const launch = async (t: TapTest, executablePath: string): Promise<Browser> => {
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'],
  })
  t.teardown(() => browser.close())
  return browser
}

/** Whatever the page asks for, and whatever it complains of. */
const watch = (page: Page) => {
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => void requests.push(request.url()))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()))
      complaints.push(`${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => void complaints.push(error.message))
  return { requests, complaints }
}

const logIn = async (page: Page, url: string, { email, password }: { email: string; password: string }) => {
  await page.goto(`${url}/admin/queues`)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.waitForURL(`${url}/admin/queues`)
}

const executablePath = findChromium()
const skip = executablePath === undefined && 'no chromium: install it, or say where it is with CHROMIUM_PATH'

t.test('an admin logs in, sees a failed job, sends it again and sees it gone', { skip }, async (t) => {
  const world = await createWorld(t)
  const { url, call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const id = await insertDeadLetter(world, { reason: REASON })
  const browser = await launch(t, executablePath ?? '')
  const page = await browser.newPage()
  page.setDefaultTimeout(WAIT_MS)
  const { requests, complaints } = watch(page)

  await logIn(page, url, admin)
  await page.goto(`${url}/admin/queues/queue/mail?status=failed`)
  await page.getByRole('link', { name: id }).click()
  await page.getByText(REASON).first().waitFor()
  await page.getByRole('link', { name: 'mail' }).first().click()
  await page.getByRole('link', { name: 'FAILED 1' }).click()
  await page.getByText(REASON).first().waitFor()
  // The job's own buttons are pictures without names, the list after those of the states and of the whole queue.
  await page.getByRole('main').getByRole('list').nth(2).getByRole('button').first().click()
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByText(REASON).first().waitFor({ state: 'detached' })
  t.match(await jobRecord(world, id), { round: 2, failure: null })

  await page.goto(`${url}/admin`)
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.waitForURL(`${url}/admin/login`)
  await page.goto(`${url}/admin/queues`)
  t.equal(page.url(), `${url}/admin/login`, 'and is out')
  await until('the session to end', async () => {
    const [row] = await world.database.sql`select 1 from sessions where end_reason = 'logged_out'`
    return row !== undefined
  })
  t.ok(requests.length > 10)
  t.strictSame(
    requests.filter((request) => !/^(http:\/\/127\.0\.0\.1[:/]|data:)/.test(request)),
    [],
    'nothing is asked of anybody else',
  )
  t.strictSame(complaints, [])
})
