import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { registerUser, unique } from '../support/factories.js'
import { mailFiles, parseMail, tokenIn } from '../support/mail.js'
import { insertJob, insertUser, insertWelcome, outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

t.test('no address is in an outbox row, whoever a mail is for', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const ada = await registerUser(call)
  const forgot = (email: string) => call('POST', '/v1/auth/password/forgot', { body: { email } })
  await call('POST', '/v1/auth/verify-email/resend', { token: ada.token })
  for (const email of [ada.email, ada.email, `${unique('nobody')}@example.com`]) await forgot(email)
  const [row] = await world.database.sql`select string_agg(o::text, E'\n') as text from outbox o`
  t.notMatch(row?.['text'], '@')
  const resets = (await outboxRows(world)).filter(({ name }) => name === 'send-password-reset')
  t.strictSame(
    resets.map(({ payload }) => Object.keys(payload ?? {}).sort()),
    [
      ['request', 'userId'],
      ['request', 'userId'],
    ],
    'one for somebody and one for nobody, of one form',
  )
})

t.test('what the release before wrote is done, address and all', async (t) => {
  const world = await createWorld(t)
  await startWorkerPod(t, world)
  const { id: userId, email } = await insertUser(world)
  await insertJob(world, { key: 'welcome', payload: { to: email, userId } })
  const name = 'send-password-reset'
  await insertJob(world, { name, key: 'reset', payload: { email, request: 'r' } })
  await insertJob(world, { name, key: 'nobody', payload: { email: 'nobody@example.com', request: 'n' } })
  const rows = await untilOutboxClosed(world)
  t.ok(rows.every(({ failure }) => failure === null))
  t.strictSame(mailFiles(world.mailDir), ['reset.eml', 'welcome.eml'])
})

t.test('a recipient whom the server rejects is a dead letter at once, and named nowhere', async (t) => {
  const smtp = await startSmtp(t, 'reject')
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  const worker = await startWorkerPod(t, world)
  const job = await insertWelcome(world)
  const [row] = await untilOutboxClosed(world)
  t.equal(row?.failure, 'the mail server refused with 550 at RCPT TO')
  t.equal(smtp.refused(), 1)
  await until('the line about it', () => worker.log.some(({ msg }) => msg === 'job failed'))
  const written = JSON.stringify([row, worker.log])
  t.notMatch(written, job.to)
  t.notMatch(written, '@')
})

t.test(
  'a mail that was taken, but not in our hearing, comes twice under one name; each opens once',
  async (t) => {
    const smtp = await startSmtp(t)
    const world = await createWorld(t, { SMTP_URL: smtp.url })
    const { call } = await startPod(t, world)
    const worker = await startWorkerPod(t, world)
    const ada = await registerUser(call)
    await untilOutboxClosed(world)
    smtp.setMode('lose')
    await call('POST', '/v1/auth/password/forgot', { body: { email: ada.email } })
    await until('the mail to be lost', () => smtp.mails.length === 2)
    smtp.setMode('accept')
    await untilOutboxClosed(world)

    const [, lost, again] = smtp.mails
    t.equal(smtp.mails.length, 3)
    t.match(lost?.messageId, `send-password-reset-${ada.id}-`)
    t.equal(again?.messageId, lost?.messageId, 'whoever gets both can tell that it is one')
    t.notMatch(JSON.stringify(worker.log), '@')
    const tokens = [lost, again].map((mail) => tokenIn(parseMail(mail?.message ?? '')))
    const reset = (token = '') =>
      call('POST', '/v1/auth/password/reset', {
        body: { token, password: 'a new horse, battery and staple' },
      })
    t.equal((await reset(tokens[0])).status, 204, 'nobody knows which of them is shown: each is good')
    t.equal((await reset(tokens[1])).status, 400, 'and one reset is all')
  },
)
