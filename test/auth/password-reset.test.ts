import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import { createWorld, startPod, startWorkerPod, type World } from '../support/app.js'
import { actionsOf } from '../support/audit.js'
import { testServices } from '../support/environment.js'
import { registerAdmin, registerUser } from '../support/factories.js'
import { mailFiles, readMailFile, tokenIn } from '../support/mail.js'
import { untilOutboxClosed } from '../support/outbox.js'
import { isProblem } from '../support/problem.js'

const password = 'a new horse, battery and staple'
const noGood = { status: 400, code: 'invalid_one_time_token' }

/** The keys of the reset mails in the folder. */
const resetMails = ({ mailDir }: Pick<World, 'mailDir'>) =>
  mailFiles(mailDir)
    .filter((file) => file.startsWith('send-password-reset-'))
    .map((file) => file.replace(/\.eml$/, ''))

/** As five minutes later, with the mails read and deleted: the next request is a mail of its own. */
const letTimePass = async ({ database, mailDir }: World) => {
  for (const key of resetMails({ mailDir })) rmSync(join(mailDir, `${key}.eml`))
  await database.sql`update outbox set key = 'before-' || id where name = 'send-password-reset'`
}

t.test('a forgotten password is reset by mail', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const ada = await registerUser(call)
  const forgot = (email: string) => call('POST', '/v1/auth/password/forgot', { body: { email } })
  const reset = (token: string, secret = password) =>
    call('POST', '/v1/auth/password/reset', { body: { token, password: secret } })
  const newToken = async () => {
    await letTimePass(world)
    await forgot(ada.email)
    await untilOutboxClosed(world)
    const [key = ''] = resetMails(world)
    return tokenIn(readMailFile(world.mailDir, key))
  }

  await t.test('the answer is the same whoever has the address, and only somebody gets a mail', async (t) => {
    const known = await forgot(ada.email.toUpperCase())
    const unknown = await forgot('nobody@example.com')
    t.equal(known.status, 202)
    t.strictSame([known.status, known.body], [unknown.status, unknown.body])
    for (let time = 0; time < 5; time += 1) await forgot(ada.email)
    await untilOutboxClosed(world)
    t.equal(resetMails(world).length, 1, 'one mail in five minutes')
    t.match((await actionsOf(world, ada.id)).at(-1), 'password.reset_mailed')
  })

  const token = await newToken()

  await t.test('what opens the account is in the mail and nowhere else', async (t) => {
    t.match(token, /^[\w-]{43}$/)
    const rows = await sql`select t.*::text as row from one_time_tokens t
      union all select o.*::text from outbox o union all select a.*::text from audit_log a`
    t.notMatch(rows.map(({ row }) => row).join('\n'), token)
    const bytes = Buffer.from(token, 'base64url').toString('hex')
    t.notMatch(rows.map(({ row }) => row).join('\n'), bytes)
    const redis = new Redis(testServices().redisUrl)
    t.teardown(() => redis.quit())
    const keys = await redis.keys(`${world.redisPrefix}:*`)
    t.notMatch(keys.join('\n'), token)
    t.notMatch(keys.join('\n'), ada.email)
  })

  await t.test('a password that breaks the rules does not use the token up', async (t) => {
    isProblem(t, await reset(token, 'aaaaaaaaaaaa'), { status: 400, code: 'validation_failed' })
  })

  await t.test('it works once, of many at the same time too', async (t) => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => reset(token)))
    t.strictSame(answers.map(({ status }) => status).sort(), [204, 400, 400, 400, 400])
    isProblem(t, await reset(token), noGood)
    const logIn = (secret: string) =>
      call('POST', '/v1/auth/login', { body: { email: ada.email, password: secret } })
    t.equal((await logIn(ada.password)).status, 401)
    t.equal((await logIn(password)).status, 200)
    t.equal((await actionsOf(world, ada.id)).filter((action) => action === 'password.reset').length, 1)
  })

  await t.test('all sessions ended with it, and whoever reads the mailbox has the address', async (t) => {
    isProblem(t, await call('GET', '/v1/users/me', { token: ada.token }), {
      status: 401,
      code: 'unauthenticated',
    })
    const { body } = await call('POST', '/v1/auth/login', { body: { email: ada.email, password } })
    const me = await call('GET', '/v1/users/me', { token: body.data.accessToken })
    t.equal(me.body.data.emailVerified, true)
  })

  await t.test('a reset makes all other mailed tokens worthless', async (t) => {
    const [first, second] = [await newToken(), await newToken()]
    t.equal((await reset(second)).status, 204)
    isProblem(t, await reset(first), noGood)
  })

  await t.test('an old, a made-up and a foreign token do not work', async (t) => {
    const old = await newToken()
    await sql`update one_time_tokens set expires_at = now() where purpose = 'reset_password'`
    isProblem(t, await reset(old), noGood, 'an old one')
    isProblem(t, await reset('x'.repeat(43)), noGood, 'a made-up one')
    isProblem(t, await reset(ada.token.slice(0, 200)), noGood, 'an access token')
    const welcome = tokenIn(readMailFile(world.mailDir, `send-welcome-${ada.id}`))
    isProblem(t, await reset(welcome), noGood, 'one for another purpose')
    t.ok((await actionsOf(world, null)).includes('password.reset_failed'))
  })

  await t.test('a disabled user gets no mail, and a token from before does not work', async (t) => {
    const before = await newToken()
    const admin = await registerAdmin(call, world)
    await call('PATCH', `/v1/users/${ada.id}`, { token: admin.token, body: { disabled: true } })
    isProblem(t, await reset(before), noGood)
    await letTimePass(world)
    await forgot(ada.email)
    await untilOutboxClosed(world)
    t.strictSame(resetMails(world), [])
  })
})
