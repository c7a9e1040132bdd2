import t from 'tap'
import { pageCookie } from '../../support/admin-page.js'
import { type Call, createCall, createWorld, type World } from '../../support/app.js'
import { createProduct, registerAdmin, unique } from '../../support/factories.js'
import { parseMail, tokenIn } from '../../support/mail.js'
import { untilOutboxClosed } from '../../support/outbox.js'
import { startProcess, startServer } from '../../support/process.js'
import { startReceiver, status } from '../../support/receiver.js'
import { type SmtpServer, startSmtp } from '../../support/smtp.js'
import { until } from '../../support/until.js'
import { makeWebhook, RECEIVERS_HERE, sendTest } from '../../support/webhooks.js'

const PASSWORD = 'Correct-Horse-Battery-77'
const NEXT_PASSWORD = 'Staple-Paper-Clip-88'
const LAST_PASSWORD = 'Folder-Binder-Desk-99'

const tokenOf = async ({ mails }: SmtpServer, kind: string): Promise<string> => {
  const mail = await until(kind, () => mails.find(({ messageId }) => messageId?.includes(kind)))
  return tokenIn(parseMail(mail.message))
}

/** What people do with their accounts, well and wrongly. @returns every secret that was seen */
const useAccount = async (call: Call, smtp: SmtpServer, email: string): Promise<Record<string, string>> => {
  const post = (path: string, body: object, token?: string) =>
    call('POST', `/v1/auth/${path}`, { body, ...(token !== undefined && { token }) })
  const account = { email, password: PASSWORD, name: 'Zaphod Quux' }
  for (const _again of [1, 2]) await post('register', account)
  const verifying = await tokenOf(smtp, 'send-welcome')
  for (const _again of [1, 2]) await post('verify-email', { token: verifying })
  await post('login', { email, password: `${PASSWORD}-wrong` })
  const { accessToken, refreshToken: first } = (await post('login', { email, password: PASSWORD })).body.data
  const { refreshToken } = (await post('refresh', { refreshToken: first })).body.data
  await post('password/change', { currentPassword: PASSWORD, newPassword: NEXT_PASSWORD }, accessToken)
  await post('password/forgot', { email })
  const resetting = await tokenOf(smtp, 'send-password-reset')
  t.equal((await post('password/reset', { token: resetting, password: LAST_PASSWORD })).status, 204)
  await call('GET', `/v1/users/me?email=${email}`, { token: `${accessToken}x` })
  await call('GET', '/v1/users/me', { headers: { authorization: `Basic ${btoa(`${email}:${PASSWORD}`)}` } })
  return { accessToken, first, refreshToken, verifying, resetting, basic: btoa(`${email}:${PASSWORD}`) }
}

/** What fails by our own doing: a partner, the mail server, a statement. */
const makeFailures = async (call: Call, world: World, smtp: SmtpServer, email: string) => {
  const { body } = await call('POST', '/v1/auth/login', { body: { email, password: LAST_PASSWORD } })
  const token = body.data.accessToken
  await call('PATCH', '/v1/users/me', { token, body: { name: 'Trillian Quux' } })
  const partner = await startReceiver(t, status(500))
  const { id, secret } = await makeWebhook(call, { token }, `${partner.url}/path-secret?key=query-secret`)
  await sendTest(call, token, id)
  await until('the partner to be called', () => partner.received.length > 0)
  smtp.setMode('reject')
  const other = { email: `other-${email}`, password: PASSWORD, name: 'Marvin Quux' }
  await call('POST', '/v1/auth/register', { body: other })
  await until('the mail to be refused', () => smtp.refused() > 0)
  await world.database.sql`alter table users rename column name to elsewhere`
  const late = { ...other, email: `late-${email}` }
  t.equal((await call('POST', '/v1/auth/register', { body: late })).status, 500)
  partner.stop()
  return { token, secret }
}

t.test('no line of a whole scenario has a secret or personal data, however much is logged', async (t) => {
  const smtp = await startSmtp(t)
  const world = await createWorld(t, { ...RECEIVERS_HERE, SMTP_URL: smtp.url, LOG_LEVEL: 'trace' })
  const server = await startServer(t, world.env)
  const worker = await startProcess(t, 'worker.js', world.env)
  const call = createCall(server.url)
  const email = `${unique('zaphod')}@heart-of-gold.example`
  const admin = await registerAdmin(call, world)
  await createProduct(call, admin)
  const cookie = await pageCookie(server.url, admin)
  await fetch(`${server.url}/admin/queues`, { headers: { cookie } })
  const secrets = await useAccount(call, smtp, email)
  await untilOutboxClosed(world)
  const more = await makeFailures(call, world, smtp, email)
  await worker.untilLogged('job failed')
  await server.untilLogged('request failed')

  const written = JSON.stringify([server.log, worker.log, server.stderr(), worker.stderr()])
  const all = { ...secrets, ...more, email, admin: admin.email, cookie: cookie.split('=')[1] ?? '' }
  for (const [what, secret] of Object.entries(all)) {
    t.ok(secret.length > 10, `${what} was seen`)
    t.notOk(written.includes(secret), `no ${what}`)
  }
  t.notMatch(written, /Correct-Horse|Staple-Paper|Folder-Binder|correct horse/, 'no password')
  t.notMatch(written, /Zaphod|Trillian|Marvin|Quux|Grace/i, 'no name')
  t.notMatch(written, /@[\w-]+\.example/, 'no address')
  t.notMatch(written, /eyJ[\w-]+\.[\w-]+|whsec_|argon2|Basic |[Cc]ookie/, 'no token, secret, hash or cookie')
  t.notMatch(written, /path-secret|query-secret/, 'nothing of a partner’s address')

  await t.test('and each line of a request or a job says whose trace it belongs to', async (t) => {
    const requests = server.log.filter(({ status: code }) => code !== undefined)
    const jobs = worker.log.filter(({ attempt }) => attempt !== undefined)
    t.ok(requests.length > 15 && jobs.length > 3, `${requests.length} requests, ${jobs.length} jobs`)
    for (const line of requests) t.match(line, { requestId: String, traceId: /^[\da-f]{32}$/, ms: Number })
    for (const line of jobs) t.match(line, { jobId: String, traceId: /^[\da-f]{32}$/, ms: Number })
    t.ok(requests.some(({ userId, route }) => userId === undefined && route === '/v1/auth/login'))
    t.ok(requests.some(({ userId, route }) => userId !== undefined && route === '/v1/users/me'))
    const traces = new Set(requests.map(({ traceId }) => traceId))
    const caused = jobs.filter(({ job }) => job !== 'sweep-stored-files')
    t.ok(
      caused.every(({ traceId }) => traces.has(traceId)),
      'a job that of the request that caused it',
    )
  })
})
