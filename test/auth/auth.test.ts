import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { registerUser, unique } from '../support/factories.js'

const password = 'correct horse battery staple'

t.test('POST /v1/auth/register', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const { sql } = world.database
  const register = (body: unknown) => call('POST', '/v1/auth/register', { body })
  const countUsers = async () => (await sql`select count(*)::int as n from users`)[0]?.['n']

  await t.test('creates an account and queues the welcome mail with it', async (t) => {
    const email = `${unique('ada')}@example.com`
    const { status, headers, body } = await register({ email, password, name: ' Ada Lovelace ' })
    t.equal(status, 201)
    t.match(body.data, { email, name: 'Ada Lovelace', role: 'user' })
    t.equal(headers.get('location'), `/v1/users/${body.data.id}`)
    t.notMatch(body.data, { passwordHash: String })
    const [row] = await sql`select payload, key from outbox where name = 'send-welcome'`
    t.strictSame(row?.['payload'], { userId: body.data.id })
    t.equal(row?.['key'], `send-welcome-${body.data.id}`)
  })

  await t.test('keeps the password as an argon2id hash at the strength that OWASP asks for', async (t) => {
    const [row] = await sql`select password_hash from users limit 1`
    t.match(row?.['password_hash'], /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  await t.test('refuses an address that is taken, in whatever case', async (t) => {
    const email = `${unique('grace')}@example.com`
    await register({ email, password, name: 'Grace' })
    const before = await countUsers()
    for (const again of [email, email.toUpperCase()]) {
      const { status, body } = await register({ email: again, password, name: 'Grace' })
      t.equal(status, 409)
      t.equal(body.code, 'email_taken')
    }
    t.equal(await countUsers(), before)
    const welcomes = await sql`select * from outbox join users on users.id::text = payload->>'userId'
      where email = ${email}`
    t.equal(welcomes.length, 1)
  })

  await t.test('one of many at the same time wins the address', async (t) => {
    const email = `${unique('race')}@example.com`
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => register({ email, password, name: 'Racer' })),
    )
    t.strictSame(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409, 409, 409])
  })

  await t.test('refuses bad input with its place and changes nothing', async (t) => {
    const good = { email: 'bad@example.com', password, name: 'Bad' }
    const cases: [string, unknown, string][] = [
      ['a missing field', { email: good.email, password }, 'name'],
      ['an extra field', { ...good, role: 'admin' }, ''],
      ['a wrong type', { ...good, name: 7 }, 'name'],
      ['no e-mail address', { ...good, email: 'bad' }, 'email'],
      ['a short password', { ...good, password: 'short' }, 'password'],
      ['an endless password', { ...good, password: 'x'.repeat(129) }, 'password'],
      ['half a character', { ...good, password: '\ud800'.repeat(12) }, 'password'],
      ['an empty name', { ...good, name: '  ' }, 'name'],
      ['U+0000 in a name', { ...good, name: 'a\u0000b' }, 'name'],
      ['null', null, ''],
      ['a list', [], ''],
    ]
    const before = await countUsers()
    for (const [what, input, path] of cases) {
      const { status, body } = await register(input)
      t.equal(status, 400, what)
      t.match(body, { code: 'validation_failed', errors: [{ path }] }, what)
    }
    t.equal(await countUsers(), before)
  })
})

t.test('POST /v1/auth/login', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const ada = await registerUser(call)
  const logIn = (email: string, secret: string) =>
    call('POST', '/v1/auth/login', { body: { email, password: secret } })

  await t.test('answers with an access token and a refresh token of which only a hash is kept', async (t) => {
    const { status, headers, body } = await logIn(ada.email.toUpperCase(), ada.password)
    t.equal(status, 200)
    t.equal(headers.get('cache-control'), 'no-store')
    t.match(body.data, { tokenType: 'Bearer', expiresIn: 600, refreshExpiresIn: 30 * 24 * 3600 })
    t.match(body.data.refreshToken, /^[\w-]{64}$/)
    const sessions = await world.database.sql`select * from sessions where user_id = ${ada.id}`
    t.notMatch(JSON.stringify(sessions), body.data.refreshToken)
  })

  await t.test('signs with an asymmetric key that the header names', async (t) => {
    const [header, payload] = ada.token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
    const [key] = JSON.parse(world.env['JWT_PRIVATE_KEYS'] ?? '').keys
    t.match(JSON.parse(header ?? ''), { alg: 'ES256', kid: key.kid, typ: 'JWT' })
    const claims = JSON.parse(payload ?? '')
    t.match(claims, { sub: ada.id, sid: String, role: 'user', iss: 'unnest', aud: 'unnest-api' })
    t.equal(claims.exp - claims.iat, 600)
  })

  await t.test('says the same of a wrong password and of an unknown address', async (t) => {
    const wrong = await logIn(ada.email, 'not the password')
    const unknown = await logIn('nobody@example.com', 'not the password')
    t.equal(wrong.status, 401)
    t.equal(unknown.status, 401)
    const { requestId: _a, ...first } = wrong.body
    const { requestId: _b, ...second } = unknown.body
    t.strictSame(first, second)
    t.equal(first.code, 'invalid_credentials')
  })
})

t.test('a token opens nothing unless it is ours, whole and of this hour', async (t) => {
  const world = await createWorld(t)
  const { call, app } = await startPod(t, world)
  const ada = await registerUser(call)
  const stranger = await startPod(t, await createWorld(t))
  const foreign = await registerUser(stranger.call)
  const [header, payload, signature] = ada.token.split('.') as [string, string, string]
  const forge = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const principal = { sub: claims.sub, sid: claims.sid, role: 'user' } as const
  const cases: Record<string, string> = {
    'signed by another key': foreign.token,
    'with changed claims': `${header}.${forge({ ...claims, role: 'admin' })}.${signature}`,
    'without a signature': `${forge({ alg: 'none', typ: 'JWT' })}.${payload}.`,
    'with an unknown key id': `${forge({ alg: 'ES256', kid: 'other' })}.${payload}.${signature}`,
    truncated: ada.token.slice(0, -5),
    'not a token': 'hello',
    empty: '',
    expired: app.jwt.sign({ ...principal }, { expiresIn: '-1s' }),
    'for another audience': app.jwt.sign({ ...principal }, { aud: 'somebody-else' }),
    'by another issuer': app.jwt.sign({ ...principal }, { iss: 'somebody-else' }),
  }
  for (const [what, token] of Object.entries(cases)) {
    const { status, headers, body } = await call('GET', '/v1/users/me', { token })
    t.equal(status, 401, what)
    t.equal(body.code, 'unauthenticated', what)
    t.equal(headers.get('www-authenticate'), 'Bearer', what)
  }
  t.equal((await call('GET', '/v1/users/me', { token: ada.token })).status, 200, 'the real one does')
})
