import { Redis } from 'ioredis'
import t from 'tap'
import { type Answer, createWorld, startPod } from '../../support/app.js'
import { createProduct, registerAdmin } from '../../support/factories.js'
import { figure, percentile } from '../../support/figures.js'
import { startOwnRedis } from '../../support/own-redis.js'
import { startProxy, through } from '../../support/proxy.js'
import { createPrivateRedis } from '../../support/redis.js'
import { until } from '../../support/until.js'

const verdictOf = ({ headers }: Answer): string | null => headers.get('x-cache')

/** Above the 250 ms that a command may take; far below the time of a request that waits twice. */
const FIRST_WAIT_MS = 900
const BYPASS_MS = 200

t.test('a Redis that says nothing for a while', async (t) => {
  const redis = await createPrivateRedis(t)
  await redis.start()
  const world = await createWorld(t, { REDIS_URL: redis.url })
  const [one, other] = [await startPod(t, world), await startPod(t, world)]
  const admin = await registerAdmin(one.call, world)

  await t.test('a silent Redis costs the first one its time-out, and the others nothing', async (t) => {
    const { call } = one
    const { id } = await createProduct(call, admin)
    const path = `/v1/products/${id}`
    await call('GET', path)
    redis.freeze()
    // The general limit's own wait, which has its own memory of it, is over with the first one too.
    const begun = performance.now()
    t.equal(verdictOf(await call('GET', path)), 'BYPASS')
    const first = performance.now() - begun
    const times: number[] = []
    for (const _time of Array.from({ length: 20 })) {
      const start = performance.now()
      const answer = await call('GET', path)
      times.push(performance.now() - start)
      t.equal(answer.status, 200)
      t.equal(verdictOf(answer), 'BYPASS')
    }
    t.ok(first < FIRST_WAIT_MS, `${Math.round(first)} ms`)
    t.ok(percentile(times, 50) < BYPASS_MS, `then ${Math.round(percentile(times, 50))} ms`)
    figure(
      t,
      `silent Redis: first read ${Math.round(first)} ms, then ${Math.round(percentile(times, 50))} ms`,
    )
    redis.thaw()
    await until('the cache to be used again', async () => verdictOf(await call('GET', path)) === 'HIT')
  })

  await t.test('a look-up that took too long keeps no write from being told', async (t) => {
    const { id } = await createProduct(one.call, admin, { stock: 10 })
    const path = `/v1/products/${id}`
    for (const verdict of ['MISS', 'HIT']) t.equal(verdictOf(await other.call('GET', path)), verdict)
    redis.freeze()
    t.equal(verdictOf(await one.call('GET', path)), 'BYPASS')
    redis.thaw()
    t.equal(verdictOf(await one.call('GET', path)), 'BYPASS', 'it is not asked for a second')
    t.equal((await one.call('PATCH', path, { token: admin.token, body: { stock: 7 } })).status, 200)
    t.equal((await other.call('GET', path)).body.data.stock, 7)
  })
})

t.test('a pod that cannot reach Redis for a while', async (t) => {
  const redis = await startOwnRedis(t)
  const proxy = await startProxy(t, new URL(redis.url))
  const world = await createWorld(t, { REDIS_URL: redis.url })
  const near = await startPod(t, world)
  const far = await startPod(t, {
    ...world,
    env: { ...world.env, REDIS_URL: through(redis.url, proxy) },
  })
  const admin = await registerAdmin(near.call, world)
  const { id } = await createProduct(near.call, admin, { stock: 10 })
  const path = `/v1/products/${id}`
  const change = (stock: number) => far.call('PATCH', path, { token: admin.token, body: { stock } })
  const stockAt = async ({ call }: typeof near) => (await call('GET', path)).body.data.stock

  for (const [outage, begin] of [
    ['cut off', proxy.cut],
    ['stalled', proxy.stall],
  ] as const) {
    await t.test(
      `${outage}: it does not trust the cache itself, and tells what it changed as soon as it can`,
      async (t) => {
        await change(10)
        await until('both to agree', async () => (await stockAt(near)) === 10 && (await stockAt(far)) === 10)
        await begin()
        t.equal((await change(7)).status, 200)
        const own = await far.call('GET', path)
        t.equal(own.body.data.stock, 7)
        t.equal(verdictOf(own), 'BYPASS')
        await proxy.mend()
        await until('the other pod to know', async () => (await stockAt(near)) === 7)
        await until('the cache to be used', async () => verdictOf(await far.call('GET', path)) === 'HIT')
        t.equal(await stockAt(far), 7)
      },
    )
  }

  await t.test('a connection that breaks, where nothing has changed', async (t) => {
    const { call } = far
    const { id } = await createProduct(call, admin)
    const path = `/v1/products/${id}`
    for (const verdict of ['MISS', 'HIT']) t.equal(verdictOf(await call('GET', path)), verdict)
    await proxy.cut()
    t.equal(verdictOf(await call('GET', path)), 'BYPASS')
    await proxy.mend()
    const next = await until('the cache to be used', async () => {
      const verdict = verdictOf(await call('GET', path))
      return verdict !== 'BYPASS' && verdict
    })
    t.equal(next, 'HIT', 'what was kept is still there')
  })
})

t.test('a Redis that comes back as it was a while ago is not believed', async (t) => {
  const redis = await createPrivateRedis(t)
  await redis.start()
  const world = await createWorld(t, { REDIS_URL: redis.url })
  const proxy = await startProxy(t, new URL(redis.url))
  const env = { ...world.env, REDIS_URL: through(redis.url, proxy) }
  const { call } = await startPod(t, { ...world, env })
  const admin = await registerAdmin(call, world)
  const { id } = await createProduct(call, admin, { stock: 10 })
  const path = `/v1/products/${id}`
  const client = new Redis(redis.url)
  client.on('error', () => {})
  t.teardown(() => client.disconnect())
  const restart = async () => {
    await redis.stop()
    await redis.start()
  }
  for (const verdict of ['MISS', 'HIT']) t.equal(verdictOf(await call('GET', path)), verdict)
  await client.save()
  t.equal((await call('PATCH', path, { token: admin.token, body: { stock: 7 } })).status, 200)

  await t.test('by a pod that knew the one before', async (t) => {
    await restart()
    await until('the pod to be connected', async () => verdictOf(await call('GET', path)) !== 'BYPASS')
    t.equal((await call('GET', path)).body.data.stock, 7)
  })

  await t.test('nor by one that has known none', async (t) => {
    // As if the other one were gone: it can tell nothing any more.
    await proxy.cut()
    await restart()
    const late = await startPod(t, world)
    await until('it to be connected', async () => verdictOf(await late.call('GET', path)) !== 'BYPASS')
    t.equal((await late.call('GET', path)).body.data.stock, 7)
    t.equal(verdictOf(await late.call('GET', path)), 'HIT')
  })

  await t.test('an empty one is filled again', async (t) => {
    await client.flushall()
    await client.save()
    await restart()
    const late = await startPod(t, world)
    await until('it to be used', async () => verdictOf(await late.call('GET', path)) === 'HIT')
    t.equal((await late.call('GET', path)).body.data.stock, 7)
  })
})
