import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test as TapTest } from 'tap'
import { createCheckout, endsInOrder, type Launch, launch, passwordIn } from './support/checkout.js'
import { figure } from './support/figures.js'
import { residentMegabytes } from './support/memory.js'
import { openShell } from './support/shell.js'
import { until } from './support/until.js'
import { createCall } from './support/world.js'

const ROOT = join(import.meta.dirname, '..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
/** 15 of them are the dashboard's. */
const MAX_RESIDENT_MEGABYTES = 165

/** What looks like a path and is none. */
const NOT_PATHS = new Set(['index.ts', 'jobProducer.send', '.data'])

const sectionOf = (title: string): string =>
  README.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? ''

const blocksOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? '')

const matchesOf = (pattern: RegExp): string[] => [...README.matchAll(pattern)].map(([, match]) => match ?? '')

t.test('every path that the README names is there', async (t) => {
  const isPath = (text: string) =>
    /^[\w.-]+(\/[\w.-]+)*$/.test(text) && !/^(dist|\.data|node_modules)\b/.test(text)
  const named = matchesOf(/`([^`\n]+)`/g).filter((text) => isPath(text) && /[/.]/.test(text))
  const linked = matchesOf(/\]\(([^)#]+)\)/g).filter((target) => !target.startsWith('http'))
  const paths = [...named, ...linked].filter((path) => !NOT_PATHS.has(path))
  t.ok(paths.length > 40, `${paths.length} paths`)
  for (const path of paths) t.ok(existsSync(join(ROOT, path)), path)
})

t.test('every npm script that the README names is there', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const named = matchesOf(/npm run (?:-s )?([\w:]+)/g)
  t.ok(named.length >= 5, `${named.length} scripts`)
  for (const name of named) t.type(scripts[name], 'string', name)
})

/** What must be in the output of the tour's blocks, in their order; none for those that only set variables. */
const EXPECTED: readonly (RegExp | undefined)[] = [
  undefined,
  /"email":"ada@example.com"/,
  /Subject: Welcome to Unnest/,
  /"email":"ada@example.com".*"role":"user"/,
  /x-cache: MISS.*x-cache: HIT/s,
  /"sku":"mug-1".*"nextCursor":null/,
  /"status":"placed".*"total":\{"amount":3998,"currency":"EUR"\}/,
  /201 Created.*idempotency-replayed: true.*"amount":3998/s,
  /39\.98/,
  /409 Conflict.*"available":1.*"code":"insufficient_stock".*"status":"placed"/s,
  /"status":"confirmed".*"code":"invalid_transition".*"from":"placed","to":"confirmed"/s,
  /"sku":"mug-1"/,
  /"tokenType":"Bearer"/,
  /204 No Content.*"code":"unauthenticated"/s,
]

const walk = async (t: TapTest, checkout: string, { url }: Launch, password: string): Promise<void> => {
  const paste = openShell(t, checkout)
  const blocks = blocksOf(sectionOf('A tour'))
  t.equal(blocks.length, EXPECTED.length, 'each block has its expectation')
  for (const [index, block] of blocks.entries()) {
    const text = block
      .replaceAll('http://127.0.0.1:3000', url)
      .replace("'the password from the first npm start'", `'${password}'`)
    const pattern = EXPECTED[index] ?? /^/
    const works = async () => {
      const { status, output } = await paste(text)
      return status === 0 && pattern.test(output)
    }
    // A mail is there a moment later: a person presses the up arrow, the test tries again.
    t.ok(block.startsWith('cat ') ? await until(block, works) : await works(), block)
  }
}

const checkout = createCheckout(t)
const ada = { email: 'ada@example.com', password: 'correct horse battery' }
const late = { email: 'late@example.com', password: 'battery horse correct' }

t.test('the tour works as it is written, and what it has made outlives a kill', async (t) => {
  const program = await launch(t, checkout)
  await program.untilReady()
  const password = passwordIn(program.output()) ?? ''
  t.ok(password, 'the password is shown the first time')
  await walk(t, checkout, program, password)
  const megabytes = residentMegabytes(program.process.pid ?? 0, 'dist/server.js')
  figure(
    t,
    `${/ready in [\d.]+ s/.exec(program.output())?.[0]}; API after the tour: ${megabytes?.toFixed(0)} MB`,
  )
  t.ok(megabytes === undefined || megabytes < MAX_RESIDENT_MEGABYTES, 'the API stays small')
  const body = { ...late, name: 'Late' }
  t.equal((await createCall(program.url)('POST', '/v1/auth/register', { body })).status, 201)
  await program.stop('SIGKILL')

  const again = await launch(t, checkout, { PORT: String(program.port) })
  await again.untilReady()
  t.equal(passwordIn(again.output()), undefined, 'and not again')
  const call = createCall(again.url)
  for (const account of [ada, late, { email: 'admin@example.com', password }])
    t.equal((await call('POST', '/v1/auth/login', { body: account })).status, 200, account.email)
  t.equal(await again.stop('SIGINT'), 0)
  endsInOrder(t, again)
  await t.rejects(call('GET', '/livez'), 'nothing is left that listens')
})
