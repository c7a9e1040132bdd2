import type { Test } from 'tap'
import { isProblem } from '../support/problem.js'
import { type Scene, UNKNOWN_ID } from '../support/scene.js'
import { faultyPaths, isAccount, isProfile, isSuccess } from '../support/shapes.js'

const INVALID = { status: 400, code: 'validation_failed' }
const UNAUTHENTICATED = { status: 401, code: 'unauthenticated' }

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The token with other claims or another header, its signature as it was. */
const forge = (token: string, part: 0 | 1, changes: object): string =>
  token
    .split('.')
    .map((text, index) =>
      index === part
        ? encode({ ...JSON.parse(Buffer.from(text, 'base64url').toString()), ...changes })
        : text,
    )
    .join('.')

/** Who one is, and who others are. */
export const users = async (t: Test, { call, ada, eve, admin }: Scene): Promise<void> => {
  await t.test('one sees one’s own record', async (t) => {
    const answer = await call('GET', '/v1/users/me', { token: ada.token })
    isSuccess(t, answer, 200)
    isAccount(t, answer.body.data)
    t.match(answer.body.data, { id: ada.id, email: ada.email, name: 'Ada', role: 'user' })
    const other = await call('GET', '/v1/users/me', { token: eve.token })
    t.match(other.body.data, { id: eve.id, email: eve.email }, 'and nobody else’s')
    t.equal((await call('GET', '/v1/users/me', { token: admin.token })).body.data.role, 'admin')
  })

  await t.test('without a good token nobody is signed in', async (t) => {
    const me = (headers: Readonly<Record<string, string>>) => call('GET', '/v1/users/me', { headers })
    const none = await me({})
    isProblem(t, none, { ...UNAUTHENTICATED, instance: '/v1/users/me' })
    t.equal(none.headers.get('www-authenticate'), 'Bearer')
    const [head = '', payload = ''] = ada.token.split('.')
    for (const [what, authorization] of Object.entries({
      'another scheme': `Basic ${ada.token}`,
      'no scheme': ada.token,
      'no token': 'Bearer ',
      'not a token': 'Bearer nothing',
      'no signature': `Bearer ${head}.${payload}.`,
      'no algorithm': `Bearer ${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      'another subject': `Bearer ${forge(ada.token, 1, { sub: eve.id })}`,
      'another role': `Bearer ${forge(ada.token, 1, { role: 'admin' })}`,
      'another algorithm': `Bearer ${forge(ada.token, 0, { alg: 'HS256' })}`,
      'a refresh token': `Bearer ${ada.refreshToken}`,
    })) {
      isProblem(t, await me({ authorization }), UNAUTHENTICATED, what)
    }
  })

  await t.test('whoever is signed in sees the public side of others', async (t) => {
    const path = `/v1/users/${ada.id}`
    for (const token of [eve.token, ada.token, admin.token]) {
      const answer = await call('GET', path, { token })
      isSuccess(t, answer, 200)
      isProfile(t, answer.body.data)
      t.match(answer.body.data, { id: ada.id, name: 'Ada', avatarUrl: null })
      t.notMatch(answer.text, ada.email)
    }
    isProblem(t, await call('GET', path), { ...UNAUTHENTICATED, instance: path }, 'also when it is cached')
    const capitals = await call('GET', `/v1/users/${ada.id.toUpperCase()}`, { token: eve.token })
    t.equal(capitals.body?.data?.id, ada.id, 'an id may come in capitals')
  })

  await t.test('nobody is not found, and what is no id is not valid', async (t) => {
    const { token } = ada
    const path = `/v1/users/${UNKNOWN_ID}`
    isProblem(t, await call('GET', path, { token }), { status: 404, code: 'user_not_found', instance: path })
    const broken = await call('GET', '/v1/users/no-id', { token })
    isProblem(t, broken, INVALID)
    t.strictSame(faultyPaths(broken), ['id'])
  })

  await t.test('a query that is not known is refused', async (t) => {
    const { token } = ada
    isProblem(t, await call('GET', '/v1/users/me?full=1', { token }), INVALID)
    isProblem(t, await call('GET', `/v1/users/${ada.id}?full=1`, { token }), INVALID)
  })
}
