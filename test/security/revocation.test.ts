import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, createWorld, startPod, type World } from '../support/app.js'
import { figure } from '../support/figures.js'
import { type Server, startPair } from '../support/fleet.js'
import { createPrivateRedis } from '../support/redis.js'
import { ageRotation, logIn, mailedReset, refresh } from '../support/sessions.js'
import { createStages, type Person, type Stages } from '../support/stage.js'
import { until } from '../support/until.js'

const LIMIT_MS = 5_000
const NEW_PASSWORD = 'another horse, another battery'

/** Somebody with two sessions, and where to act. */
interface Scene {
  readonly call: Call
  readonly world: World
  readonly admin: Person
  readonly user: Person
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

type Pod = Pick<Server, 'call'>

const statusFor = async ({ call }: Pod, token: string): Promise<number> =>
  (await call('GET', '/v1/users/me', { token })).status

/** Those of the tokens that one of the servers answers with another status. */
const withoutStatus = async (servers: readonly Pod[], tokens: readonly string[], status: number) => {
  const others: string[] = []
  for (const server of servers)
    for (const token of tokens) if ((await statusFor(server, token)) !== status) others.push(token)
  return others
}

/** Milliseconds until the server refuses all of the tokens. */
const untilRefused = async (server: Pod, tokens: readonly string[], since: number): Promise<number> => {
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
  all: readonly Pod[],
) => {
  const tokenOf = { first: scene.user.token, second: scene.second.token }
  t.strictSame(await withoutStatus(all, Object.values(tokenOf), 200), [], `${what}: open before`)
  const begun = performance.now()
  t.equal((await act(scene)).status, status, what)
  const refused = ends.map((which) => tokenOf[which])
  const times = await Promise.all(all.map((server) => untilRefused(server, refused, begun)))
  for (const ms of times) t.ok(ms < LIMIT_MS, `${what}: refused after ${Math.round(ms)} ms`)
  const staying = both.filter((which) => !ends.includes(which)).map((which) => tokenOf[which])
  t.strictSame(await withoutStatus(all, staying, 200), [], `${what}: the other stays`)
  return { refused, slowest: Math.max(...times) }
}

/** All at the same time; one server acts, so that the others have but their own looks to know by. */
const checkAll = async (
  t: TapTest,
  world: World,
  { setStage }: Stages,
  { call }: Pod,
  servers: readonly Pod[],
) => {
  const scenes: Scene[] = []
  // In turn: there is no room for so many log-ins at once.
  for (const _ of Object.keys(ENDINGS)) {
    const { owner: user, admin } = await setStage()
    scenes.push({ call, world, admin, user, second: await logIn(call, user) })
  }
  const checks = Object.entries(ENDINGS).map(async ([what, ending], index) => {
    const scene = scenes[index]
    if (!scene) throw new Error('a scene is missing')
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
  const servers = await startPair(t, world)
  const stages = await createStages(world, servers[1])
  const { admin } = await stages.setStage()

  const { tokens, slowest } = await checkAll(t, world, stages, servers[1], servers)
  await redis.stop()
  const [without, late] = await Promise.all([
    checkAll(t, world, stages, servers[0], servers),
    startPod(t, world),
  ])
  // It may have started before the last of them ended, and looks once a second.
  await untilRefused(late, without.tokens, performance.now())
  const ended = [...tokens, ...without.tokens]
  const expected = 2 * Object.values(ENDINGS).flatMap(({ ends }) => ends).length
  t.equal(ended.length, expected, 'whatever was to end has ended')
  t.strictSame(await withoutStatus([...servers, late], ended, 401), [], 'and stays so')
  t.equal(await statusFor(late, admin.token), 200, 'a pod that starts later knows them too')
  figure(
    t,
    `row 17: ${Object.keys(ENDINGS).length} ways to end a session, refused on 2 of 2 processes within ` +
      `${slowest} ms, without Redis within ${without.slowest} ms (limit ${LIMIT_MS} ms)`,
  )
})
