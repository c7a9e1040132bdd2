import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, createWorld, startPod } from '../support/app.js'
import { registerUser } from '../support/factories.js'
import { figure } from '../support/figures.js'
import { isProblem } from '../support/problem.js'
import { startProxy, type TcpProxy } from '../support/proxy.js'
import { logIn, type SignedIn } from '../support/sessions.js'
import { until } from '../support/until.js'

/** They wait for seconds, each for its own. */
t.jobs = 3

const LIMIT_MS = 5_000
const RECOVERY_MS = 5_000

/** A pod that reaches Postgres through a proxy, and three sessions of one user. */
const setUp = async (t: TapTest) => {
  const world = await createWorld(t)
  const url = new URL(world.database.url)
  const proxy = await startProxy(t, url)
  url.port = String(proxy.port)
  const { call } = await startPod(t, { ...world, env: { ...world.env, DATABASE_URL: url.href } })
  const ada = await registerUser(call)
  const loggedOut = await logIn(call, ada)
  const endedElsewhere = await logIn(call, ada)
  t.equal((await call('POST', '/v1/auth/logout', { token: loggedOut.token })).status, 204)
  // From the cache: what an access token opens without any query but the guard's.
  const read = (token: string) => call('GET', `/v1/users/${ada.id}`, { token })
  await until('the answer to be cached', async () => (await read(ada.token)).headers.get('x-cache') === 'HIT')
  return { world, proxy, call, read, ada, loggedOut, endedElsewhere }
}

/** As another pod would, which still has Postgres. */
const endElsewhere = ({ world: { database } }: Awaited<ReturnType<typeof setUp>>, { sessionId }: SignedIn) =>
  database.sql`
    update sessions set ended_at = clock_timestamp(), end_reason = 'ended_by_owner' where id = ${sessionId}
  `

const checkUnavailable = (t: TapTest, answer: Answer, what: string): void => {
  isProblem(t, answer, { status: 503, code: 'unavailable' }, what)
  t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/, `${what}: says when to come again`)
}

const checkOutage = async (
  t: TapTest,
  name: string,
  takeAway: (proxy: TcpProxy) => unknown,
  bringBack: (proxy: TcpProxy) => Promise<void>,
): Promise<void> => {
  const scene = await setUp(t)
  const { proxy, read, ada, loggedOut, endedElsewhere } = scene
  await takeAway(proxy)
  const begun = performance.now()
  await endElsewhere(scene, endedElsewhere)
  t.equal((await read(loggedOut.token)).status, 401, `${name}: what has ended is refused`)
  t.equal((await read(ada.token)).status, 200, `${name}: and the others go on for a while`)

  const tokens = [ada.token, endedElsewhere.token]
  let lastOpened = begun
  await until('the list to be stale', async () => {
    const asked = performance.now()
    const [live, ended] = await Promise.all(tokens.map(read))
    if (ended?.status === 200) lastOpened = asked
    return live?.status === 503 && ended?.status === 503
  })
  const openedMs = Math.round(lastOpened - begun)
  t.ok(openedMs < LIMIT_MS, `${name}: what ended elsewhere was last let in after ${openedMs} ms`)

  const stale = performance.now()
  for (const answer of await Promise.all([...tokens, ...tokens].map(read))) checkUnavailable(t, answer, name)
  const answerMs = Math.round(performance.now() - stale)
  t.ok(answerMs < LIMIT_MS, `${name}: answered within ${answerMs} ms`)
  t.equal((await read(loggedOut.token)).status, 401, `${name}: what is known to have ended stays so`)

  const mended = performance.now()
  await bringBack(proxy)
  await until('the pod to be back', async () => (await read(ada.token)).status === 200)
  const backMs = Math.round(performance.now() - mended)
  t.ok(backMs < RECOVERY_MS, `${name}: back after ${backMs} ms`)
  for (const { token } of [loggedOut, endedElsewhere]) t.equal((await read(token)).status, 401, name)
  figure(
    t,
    `row 17: Postgres ${name}: an ended session last let in after ${openedMs} ms, then 503 within ` +
      `${answerMs} ms, back after ${backMs} ms`,
  )
}

t.test('with Postgres gone no pod vouches for a session longer than 5 s, and then none is let in', (t) =>
  checkOutage(
    t,
    'gone',
    (proxy) => proxy.cut(),
    (proxy) => proxy.mend(),
  ),
)

t.test('nor with a Postgres whose packets get lost', (t) =>
  checkOutage(
    t,
    'silent',
    (proxy) => proxy.stall(),
    (proxy) => proxy.mend(),
  ),
)

const askedDirectly = async (call: Call, token: string): Promise<number> =>
  (await call('GET', '/v1/users/me', { token })).status

t.test('a pod that starts without Postgres lets nobody in until it has read who is out', async (t) => {
  const { world, proxy, ada, loggedOut } = await setUp(t)
  await proxy.cut()
  const url = new URL(world.database.url)
  url.port = String(proxy.port)
  const { call } = await startPod(t, { ...world, env: { ...world.env, DATABASE_URL: url.href } })
  t.equal(await askedDirectly(call, ada.token), 503)
  t.equal(await askedDirectly(call, loggedOut.token), 503)
  await proxy.mend()
  await until('the pod to be back', async () => (await askedDirectly(call, ada.token)) === 200)
  t.equal(await askedDirectly(call, loggedOut.token), 401)
})
