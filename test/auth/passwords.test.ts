import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { actionsOf } from '../support/audit.js'
import { registerUser, unique } from '../support/factories.js'
import { isProblem } from '../support/problem.js'

const register = (password: string) => ({ email: `${unique('ada')}@example.com`, password, name: 'Ada' })

t.test('a new password is long and not what everybody would try; nothing else is asked of it', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const good: Record<string, string> = {
    'twelve letters': 'kqzvxwhjnmtr',
    'digits alone': '837465019283',
    'with blanks': '  two  blanks  ',
    'twelve characters of two units each': '🐢🐇🦔🐌🦋🐝🐞🦗🕷🦂🐙🦑',
    '128 characters of two units each': `${'🐢🐇🦔🐌🦋🐝🐞🦗'.repeat(15)}🕷🦂🐙🦑🦀🐡🐠🐟`,
    'a sentence': 'correct horse battery staple',
  }
  for (const [what, password] of Object.entries(good)) {
    const body = register(password)
    t.equal((await call('POST', '/v1/auth/register', { body })).status, 201, what)
    const { email } = body
    t.equal((await call('POST', '/v1/auth/login', { body: { email, password } })).status, 200, what)
  }
  const bad: Record<string, string> = {
    'eleven characters': 'kqzvxwhjnmt',
    'eleven characters in twenty-two units': '🐢🐇🦔🐌🦋🐝🐞🦗🕷🦂🐙',
    '129 characters': 'kqzvxwhjnmtr'.repeat(11).slice(0, 129),
    '129 characters of two units': '🐢🐇🦔'.repeat(43),
    'among the most common': '123456789012',
    'in capitals too': 'QWERTYUIOP123',
    'in full width too': '１２３４５６７８９０１２',
    'with digits behind it': 'password12345',
    'with digits and signs around it': '!!Letmein!! 123',
    'one letter': 'aaaaaaaaaaaa',
    'a few letters again and again': 'abcabcabcabc',
    'a common one twice': 'passwordpassword',
    'half a character': '\ud800'.repeat(12),
  }
  for (const [what, password] of Object.entries(bad)) {
    const answer = await call('POST', '/v1/auth/register', { body: register(password) })
    isProblem(t, answer, { status: 400, code: 'validation_failed' }, what)
    t.match(answer.body.errors, [{ path: 'password' }], what)
  }
})

t.test('the same characters are the same password, however they are composed', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const body = register('Ångström und Öl'.normalize('NFC'))
  await call('POST', '/v1/auth/register', { body })
  const decomposed = { email: body.email, password: body.password.normalize('NFD') }
  t.not(decomposed.password, body.password)
  t.equal((await call('POST', '/v1/auth/login', { body: decomposed })).status, 200)
})

t.test('POST /v1/auth/password/change', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const ada = await registerUser(call)
  const { email, password, token, id } = ada
  const newPassword = 'another horse battery staple'
  const logIn = (secret: string) => call('POST', '/v1/auth/login', { body: { email, password: secret } })
  const change = (body: object) => call('POST', '/v1/auth/password/change', { token, body })

  await t.test('asks for the current one', async (t) => {
    const answer = await change({ currentPassword: 'not the password', newPassword })
    isProblem(t, answer, { status: 401, code: 'invalid_credentials' })
    t.equal((await actionsOf(world, id)).at(-1), 'password.change_failed')
    t.equal((await logIn(password)).status, 200, 'and changes nothing')
  })

  await t.test('takes no weak one', async (t) => {
    const answer = await change({ currentPassword: password, newPassword: 'aaaaaaaaaaaa' })
    isProblem(t, answer, { status: 400, code: 'validation_failed' })
    t.match(answer.body.errors, [{ path: 'newPassword' }])
  })

  await t.test('changes it, and ends all sessions but this one', async (t) => {
    const elsewhere = (await logIn(password)).body.data
    t.equal((await change({ currentPassword: password, newPassword })).status, 204)
    isProblem(t, await logIn(password), { status: 401, code: 'invalid_credentials' })
    t.equal((await logIn(newPassword)).status, 200)
    t.equal((await call('GET', '/v1/users/me', { token })).status, 200)
    const other = await call('GET', '/v1/users/me', { token: elsewhere.accessToken })
    isProblem(t, other, { status: 401, code: 'unauthenticated' })
    const { refreshToken } = elsewhere
    t.equal((await call('POST', '/v1/auth/refresh', { body: { refreshToken } })).status, 401)
    const [job] = await world.database.sql`select payload from outbox where name = 'send-password-changed'`
    t.match(job?.['payload'], { userId: id }, 'the owner is told by mail')
  })

  await t.test('of several at once one wins', async (t) => {
    const answers = await Promise.all(
      [1, 2, 3].map((n) =>
        change({ currentPassword: newPassword, newPassword: `horse number ${n} of three` }),
      ),
    )
    t.strictSame(answers.map(({ status }) => status).sort(), [204, 401, 401])
  })
})
