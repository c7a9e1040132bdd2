import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, createWorld, startPod, type World } from '../support/app.js'
import { type Account, registerAdmin, registerUser } from '../support/factories.js'
import { figure } from '../support/figures.js'
import { type Server, startTwo } from '../support/fleet.js'
import { createPrivateRedis } from '../support/redis.js'
import { ageRotation, logIn, mailedReset, refresh } from '../support/sessions.js'
import { until } from '../support/until.js'

const LIMIT_MS = 5_000
const NEW_PASSWORD = 'another horse, another battery'

/** Somebody with two sessions, and where to act. */
interface Scene {
  readonly call: Call
  readonly world: World
  readonly admin: Account
  readonly user: Account
  /** The first session's token is the account's. */
  readonly second: Awaited<ReturnType<typeof logIn>>
}

interface Ending {
  readonly act: (scene: Scene) => Promise<Answer>
  readonly status: number
  /** Which of the two sessions it ends. */
  readonly ends: readonly ('first' | 'second')[]
}

const both = ['first', 'second'] as const

const ENDINGS: Readonly<Record<string, Ending>> = {
  'log-out': {
    act: ({ call, second }) => call('POST', '/v1/auth/logout', { token: second.token }),
    status: 204,
    ends: ['second'],
  },
  'ending another session': {
    act: ({ call, user, second }) =>
      call('DELETE', `/v1/auth/sessions/${second.sessionId}`, { token: user.token }),
    status: 204,
    ends: ['second'],
  },
  'a new password': {
    act: ({ call, user }) => {
      const body = { currentPassword: user.password, newPassword: NEW_PASSWORD }
      return call('POST', '/v1/auth/password/change', { token: user.token, body })
    },
    status: 204,
    ends: ['second'],
  },
  'a reset of the password': {
    act: async ({ call, world, user }) => {
      const body = { token: await mailedReset(world, user.id), password: NEW_PASSWORD }
      return call('POST', '/v1/auth/password/reset', { body })
    },
    status: 204,
    ends: both,
  },
  'being disabled': {
    act: ({ call, admin, user }) =>
      call('PATCH', `/v1/users/${user.id}`, { token: admin.token, body: { disabled: true } }),
    status: 200,
    ends: both,
  },
  'another role': {
    act: ({ call, admin, user }) =>
      call('PATCH', `/v1/users/${user.id}`, { token: admin.token, body: { role: 'admin' } }),
    status: 200,
    ends: both,
  },
  'deleting the account': {
    act: ({ call, user }) => call('DELETE', '/v1/users/me', { token: user.token }),
    status: 204,
    ends: both,
  },
  'reuse of a refresh token': {
    act: async ({ call, world, second }) => {
      await refresh(call, second.refreshToken)
      await ageRotation(world, [second.sessionId], 11)
      return refresh(call, second.refreshToken)
    },
    status: 401,
    ends: ['second'],
  },
}

const statusFor = async ({ call }: Pick<Server, 'call'>, token: string): Promise<number> =>
  (await call('GET', '/v1/users/me', { token })).status

/** Milliseconds until the server refuses all of the tokens. */
const untilRefused = async (
  server: Pick<Server, 'call'>,
  tokens: readonly string[],
  since: number,
): Promise<number> => {
  for (const token of tokens) {
    await until('the token to be refused', async () => (await statusFor(server, token)) === 401)
  }
  return performance.now() - since
}

/** Ends the sessions and watches both servers. @returns the tokens that must be refused, and how long it took */
const check = async (
  t: TapTest,
  what: string,
  { act, status, ends }: Ending,
  scene: Scene,
  all: readonly Server[],
) => {
  const tokenOf = { first: scene.user.token, second: scene.second.token }
  for (const server of all) {
    for (const which of both) t.equal(await statusFor(server, tokenOf[which]), 200, `${what}: open before`)
  }
  const begun = performance.now()
  t.equal((await act(scene)).status, status, what)
  const refused = ends.map((which) => tokenOf[which])
  const times = await Promise.all(all.map((server) => untilRefused(server, refused, begun)))
  for (const ms of times) t.ok(ms < LIMIT_MS, `${what}: refused after ${Math.round(ms)} ms`)
  for (const which of both) {
    if (ends.includes(which)) continue
    for (const server of all)
      t.equal(await statusFor(server, tokenOf[which]), 200, `${what}: the other stays`)
  }
  return { refused, slowest: Math.max(...times) }
}

/** All at the same time; one server acts, so that the others have but their own looks to know by. */
const checkAll = async (
  t: TapTest,
  world: World,
  admin: Account,
  { call }: Server,
  servers: readonly Server[],
) => {
  const checks = Object.entries(ENDINGS).map(async ([what, ending]) => {
    const user = await registerUser(call)
    const scene = { call, world, admin, user, second: await logIn(call, user) }
    return check(t, what, ending, scene, servers)
  })
  const results = await Promise.all(checks)
  return {
    tokens: results.flatMap(({ refused }) => refused),
    slowest: Math.round(Math.max(...results.map(({ slowest }) => slowest))),
  }
}

t.test('whatever ends a session, its access token is refused on every process within 5 s', async (t) => {
  const redis = await createPrivateRedis(t)
  await redis.start()
  const world = await createWorld(t, { REDIS_URL: redis.url })
  const servers = await startTwo(t, world)
  const admin = await registerAdmin(servers[0].call, world)

  const { tokens, slowest } = await checkAll(t, world, admin, servers[0], servers)
  await redis.stop()
  const [without, late] = await Promise.all([
    checkAll(t, world, admin, servers[1], servers),
    startPod(t, world),
  ])
  // It may have started before the last of them ended, and looks once a second.
  await untilRefused(late, without.tokens, performance.now())
  for (const token of [...tokens, ...without.tokens]) {
    for (const server of [...servers, late]) t.equal(await statusFor(server, token), 401, 'and stays so')
  }
  t.equal(await statusFor(late, admin.token), 200, 'a pod that starts later knows them too')
  figure(
    t,
    `row 17: ${Object.keys(ENDINGS).length} ways to end a session, refused on 2 of 2 processes within ` +
      `${slowest} ms, without Redis within ${without.slowest} ms (limit ${LIMIT_MS} ms)`,
  )
})
