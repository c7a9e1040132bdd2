import t from 'tap'
import { createWorld, startPod, type World } from '../../support/app.js'
import { registerAdmin } from '../../support/factories.js'
import { scaled } from '../../support/figures.js'
import { isProblem } from '../../support/problem.js'
import { startProxy } from '../../support/proxy.js'
import { createPrivateRedis } from '../../support/redis.js'
import { startSilentServer } from '../../support/silent-server.js'
import { until } from '../../support/until.js'

const withEnv = (world: World, env: Record<string, string>): World => ({
  ...world,
  env: { ...world.env, ...env },
})

const CLOSED_PORT = '127.0.0.1:1'
/** Many times what may come to Postgres, which is 20 and five a second. */
const HUNDREDS = scaled(2, 10)
/** Of one connection, and no two of them have the same answer. */
const BUSY = 50

t.test('of pods that change nothing', async (t) => {
  const world = await createWorld(t)

  await t.test('a healthy pod lives and is ready', async (t) => {
    const { call } = await startPod(t, world)
    for (const path of ['/livez', '/readyz']) {
      const { status, body, headers } = await call('GET', path)
      t.equal(status, 200, path)
      t.strictSame(body, { data: { status: 'ok' } }, path)
      t.equal(headers.get('cache-control'), 'no-store', path)
    }
  })

  await t.test('without Redis a pod starts and is ready', async (t) => {
    const { call } = await startPod(t, withEnv(world, { REDIS_URL: `redis://${CLOSED_PORT}` }))
    t.equal((await call('GET', '/livez')).status, 200)
    t.equal((await call('GET', '/readyz')).status, 200)
  })

  await t.test('without Postgres a pod starts and lives, but is not ready', async (t) => {
    const { call } = await startPod(t, withEnv(world, { DATABASE_URL: `postgres://x:y@${CLOSED_PORT}/z` }))
    t.equal((await call('GET', '/livez')).status, 200)
    for (let time = 0; time < 3; time += 1) {
      const begun = performance.now()
      const answer = await call('GET', '/readyz')
      isProblem(t, answer, { status: 503, code: 'unavailable', instance: '/readyz' })
      t.ok(answer.headers.has('retry-after'))
      t.ok(performance.now() - begun < 2_000, 'within two seconds')
    }
  })

  await t.test('a Postgres that says nothing makes a pod unready within two seconds', async (t) => {
    const silent = await startSilentServer(t)
    const { call } = await startPod(
      t,
      withEnv(world, { DATABASE_URL: `postgres://x:y@127.0.0.1:${silent.port}/z` }),
    )
    const begun = performance.now()
    t.equal((await call('GET', '/readyz')).status, 503)
    t.ok(performance.now() - begun < 2_000, `after ${Math.round(performance.now() - begun)} ms`)
    silent.stop()
    t.equal((await call('GET', '/v1/products')).status, 503, 'nor when it is gone')
  })

  await t.test('hundreds of probes are hardly a question to Postgres', async (t) => {
    const { call } = await startPod(t, world)
    const asked = async () => {
      const [row] = await world.database.sql`
        select xact_commit::int as transactions from pg_stat_database where datname = current_database()`
      return row?.['transactions']
    }
    const before = await asked()
    const begun = performance.now()
    for (let hundred = 0; hundred < HUNDREDS; hundred += 1) {
      const probes = await Promise.all(Array.from({ length: 100 }, () => call('GET', '/readyz')))
      t.ok(probes.every(({ status }) => status === 200))
    }
    const seconds = (performance.now() - begun) / 1_000
    // Others ask as well: the watch of the sessions once a second, and we.
    t.ok((await asked()) - before < 20 + 5 * seconds, `${(await asked()) - before} in ${seconds} s`)
  })

  await t.test('a pod with a full pool is busy, and stays ready while something is done', async (t) => {
    const { call } = await startPod(t, withEnv(world, { DATABASE_POOL_MAX: '1' }))
    const busy = Array.from({ length: BUSY }, (_, n) => call('GET', `/v1/products?q=${n}`))
    const probes = await Promise.all(Array.from({ length: 20 }, () => call('GET', '/readyz')))
    t.ok(probes.every(({ status }) => status === 200))
    await Promise.all(busy)
  })
})

t.test('admins see what a pod depends on, and that something of it is away', async (t) => {
  const redis = await createPrivateRedis(t)
  await redis.start()
  const base = await createWorld(t)
  const url = new URL(base.database.url)
  const proxy = await startProxy(t, url)
  url.port = String(proxy.port)
  const { call } = await startPod(t, withEnv(base, { REDIS_URL: redis.url, DATABASE_URL: url.href }))
  const { token } = await registerAdmin(call, base)
  const look = async () => {
    const { status, body } = await call('GET', '/v1/admin/health', { token })
    t.equal(status, 200)
    return body.data
  }
  const versions = { version: /^\d+\.\d+/ }
  const up = { state: 'up', milliseconds: Number, ...versions }
  t.match(await look(), {
    state: 'ok',
    ...versions,
    node: process.version,
    dependencies: { postgres: up, redis: up },
    pool: { connections: 5, waiting: 0 },
    lags: { oldestOpenJobSeconds: Number, sessionWatchSeconds: Number },
  })
  await redis.stop()
  const down = { state: 'down', milliseconds: null, version: null }
  t.match(await look(), { state: 'degraded', dependencies: { postgres: up, redis: down } })
  await redis.start()
  await until('Redis to be back', async () => (await look()).dependencies.redis.state === 'up')
  proxy.stall()
  const begun = performance.now()
  const answers = await Promise.all(Array.from({ length: 20 }, look))
  t.ok(performance.now() - begun < 2_000)
  t.match(answers[0], {
    state: 'degraded',
    dependencies: { postgres: down, redis: up },
    lags: { oldestOpenJobSeconds: null },
  })
  const looks = new Set(answers.map(({ lags }) => lags.sessionWatchSeconds))
  t.ok(looks.size <= 3, 'who asks at once has one answer of it')
  await proxy.mend()
})
