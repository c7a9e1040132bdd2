import type { Test } from 'tap'
import { isProblem } from '../support/problem.js'
import { createPerson, logIn, PASSWORD, type Scene, unique } from '../support/scene.js'
import { areTokens, faultyPaths, isAccount, isSuccess } from '../support/shapes.js'

const INVALID = { status: 400, code: 'validation_failed' }
const REFUSED = { status: 401, code: 'invalid_credentials' }

/** Each request counts against the limit of a default service, 20 in 15 minutes: no more than are needed. */
const registration = async (t: Test, { call, ada }: Scene): Promise<void> => {
  const register = (body: unknown) => call('POST', '/v1/auth/register', { body })

  await t.test('an account is made, its address in lower case', async (t) => {
    const email = `${unique('Grace')}@Example.com`
    const answer = await register({ email, password: PASSWORD, name: '  Grace  ' })
    isSuccess(t, answer, 201)
    isAccount(t, answer.body.data)
    const expected = { email: email.toLowerCase(), name: 'Grace', role: 'user', emailVerified: false }
    t.match(answer.body.data, { ...expected, avatarUrl: null })
    t.equal(answer.headers.get('location'), `/v1/users/${answer.body.data.id}`)
    t.notMatch(answer.text, /horses|argon2/, 'nothing of the password')
  })

  await t.test('an address that is taken, in whatever case, is a conflict', async (t) => {
    const again = await register({ email: ada.email.toUpperCase(), password: PASSWORD, name: 'Ada' })
    isProblem(t, again, { status: 409, code: 'email_taken', instance: '/v1/auth/register' })
  })

  await t.test('what is not valid is named, all of it at once', async (t) => {
    const wrong = await register({ email: 'no address', password: 'too short', name: ' ' })
    isProblem(t, wrong, INVALID)
    t.strictSame(faultyPaths(wrong), ['email', 'name', 'password'])
    const common = await register({ email: ada.email, password: 'password123456', name: 'Ada' })
    t.strictSame([common.status, ...faultyPaths(common)], [400, 'password'], 'a common password')
  })

  await t.test('nobody makes himself an admin', async (t) => {
    const email = `${unique('contract')}@example.com`
    isProblem(t, await register({ email, password: PASSWORD, name: 'Eve', role: 'admin' }), INVALID)
    isProblem(t, await logIn(call, email, PASSWORD), REFUSED, 'and there is no such account')
  })
}

const logIns = async (t: Test, { call, ada }: Scene): Promise<void> => {
  await t.test('a log-in answers with a pair of tokens', async (t) => {
    const answer = await logIn(call, ada.email.toUpperCase(), ada.password)
    isSuccess(t, answer, 200)
    areTokens(t, answer.body.data)
    t.equal(answer.headers.get('cache-control'), 'no-store')
    t.equal((await call('GET', '/v1/users/me', { token: answer.body.data.accessToken })).status, 200)
  })

  await t.test('a wrong password and an unknown address cannot be told apart', async (t) => {
    const wrong = await logIn(call, ada.email, 'not the password')
    const unknown = await logIn(call, `${unique('nobody')}@example.com`, ada.password)
    isProblem(t, wrong, { ...REFUSED, instance: '/v1/auth/login' })
    t.equal(wrong.headers.get('www-authenticate'), 'Bearer')
    const { requestId: _one, ...told } = wrong.body
    const { requestId: _other, ...toldOther } = unknown.body
    t.strictSame(toldOther, told)
  })

  await t.test('a log-in takes an address and a password', async (t) => {
    const login = (body: unknown) => call('POST', '/v1/auth/login', { body })
    for (const [body, path] of [
      [{ email: ada.email }, 'password'],
      [{ email: ada.email, password: 12 }, 'password'],
      [{ email: [ada.email], password: 'x' }, 'email'],
      [{ email: ada.email, password: '' }, 'password'],
      [{ email: ada.email, password: 'x', remember: true }, ''],
      [[], ''],
    ] as const) {
      const answer = await login(body)
      isProblem(t, answer, INVALID, JSON.stringify(body))
      t.strictSame(faultyPaths(answer), [path])
    }
  })
}

const refreshes = async (t: Test, { call }: Scene): Promise<void> => {
  const refresh = (refreshToken: unknown) => call('POST', '/v1/auth/refresh', { body: { refreshToken } })
  const refused = { status: 401, code: 'invalid_refresh_token' }
  const grace = await createPerson(call, 'Grace')

  await t.test('a refresh token is exchanged for the next pair', async (t) => {
    const first = await refresh(grace.refreshToken)
    isSuccess(t, first, 200)
    areTokens(t, first.body.data)
    const { accessToken, refreshToken } = first.body.data
    t.not(refreshToken, grace.refreshToken)
    const me = await call('GET', '/v1/users/me', { token: accessToken })
    t.equal(me.body.data.id, grace.id)

    const again = await Promise.all(Array.from({ length: 4 }, () => refresh(grace.refreshToken)))
    t.strictSame(
      again.map(({ body }) => body.data?.refreshToken),
      again.map(() => refreshToken),
      'a lost answer can be asked for again: the same successor',
    )

    const second = await refresh(refreshToken)
    t.equal(second.status, 200)
    isProblem(t, await refresh(grace.refreshToken), refused, 'an older one')
    isProblem(t, await refresh(second.body.data.refreshToken), refused, 'and with it went the family')
  })

  await t.test('what is no refresh token is refused', async (t) => {
    isProblem(t, await refresh('nothing'), { ...refused, instance: '/v1/auth/refresh' })
    isProblem(t, await refresh(grace.token), INVALID, 'longer than any')
    isProblem(t, await refresh(''), INVALID, 'an empty one')
    isProblem(t, await call('POST', '/v1/auth/refresh', { body: {} }), INVALID, 'none')
    const more = { refreshToken: grace.refreshToken, userId: grace.id }
    isProblem(t, await call('POST', '/v1/auth/refresh', { body: more }), INVALID, 'and more')
  })
}

/** Registration, log-in and refresh. */
export const auth = async (t: Test, scene: Scene): Promise<void> => {
  await registration(t, scene)
  await logIns(t, scene)
  await refreshes(t, scene)
}
