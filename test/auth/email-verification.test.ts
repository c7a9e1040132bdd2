import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { actionsOf } from '../support/audit.js'
import { registerUser } from '../support/factories.js'
import { mailFiles, readMailFile, tokenIn } from '../support/mail.js'
import { untilOutboxClosed } from '../support/outbox.js'
import { isProblem } from '../support/problem.js'

const noGood = { status: 400, code: 'invalid_one_time_token' }

t.test('a mailed token proves the address, once', async (t) => {
  const world = await createWorld(t, { APP_URL: 'https://shop.example/app/' })
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const ada = await registerUser(call)
  await untilOutboxClosed(world)
  const verify = (token: string) => call('POST', '/v1/auth/verify-email', { body: { token } })
  const me = async () => (await call('GET', '/v1/users/me', { token: ada.token })).body.data
  t.equal((await me()).emailVerified, false)

  const welcome = readMailFile(world.mailDir, `send-welcome-${ada.id}`)
  const token = tokenIn(welcome)
  t.match(welcome.text, `https://shop.example/app/verify-email#token=${token}`, 'with a place to click')
  t.match(welcome.html, token)

  const [stored] = await world.database.sql`select t.*::text as row from one_time_tokens t`
  t.notMatch(stored?.['row'], token)
  t.equal((await verify(token)).status, 204)
  t.equal((await me()).emailVerified, true)
  isProblem(t, await verify(token), noGood, 'a second time')
  isProblem(t, await verify('x'.repeat(43)), noGood, 'a made-up one')
  t.match(await actionsOf(world, ada.id), ['user.registered', 'login.succeeded', 'email.verified'])
  t.strictSame(await actionsOf(world, null), ['email.verification_failed', 'email.verification_failed'])
})

t.test('the token can be mailed again, not too often, and not to whom has proven the address', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const ada = await registerUser(call)
  const resend = () => call('POST', '/v1/auth/verify-email/resend', { token: ada.token })
  const again = () => mailFiles(world.mailDir).filter((file) => file.startsWith('send-email-verification-'))

  for (let time = 0; time < 3; time += 1) t.equal((await resend()).status, 202)
  await untilOutboxClosed(world)
  const [mail = '', ...more] = again()
  t.strictSame(more, [], 'one mail in five minutes')
  await world.database.sql`update one_time_tokens set expires_at = now() where token_hash = (
    select token_hash from one_time_tokens order by created_at limit 1)`
  const first = tokenIn(readMailFile(world.mailDir, `send-welcome-${ada.id}`))
  isProblem(t, await call('POST', '/v1/auth/verify-email', { body: { token: first } }), noGood, 'the old one')
  const token = tokenIn(readMailFile(world.mailDir, mail.replace(/\.eml$/, '')))
  t.equal((await call('POST', '/v1/auth/verify-email', { body: { token } })).status, 204)

  await world.database.sql`update outbox set key = key || '-before' where name = 'send-email-verification'`
  t.equal((await resend()).status, 202)
  await untilOutboxClosed(world)
  t.strictSame(again(), [mail], 'nothing is left to prove')
})
