import t from 'tap'
import { createWorld, startPod } from '../../support/app.js'
import { createCacheProbe } from '../../support/cache.js'
import { createProduct, registerAdmin } from '../../support/factories.js'
import { startProxy, through } from '../../support/proxy.js'
import { until } from '../../support/until.js'

/** Two seconds, and a machine that is busy. */
const GIVEN_WITHIN_MS = 3_500

t.test(
  'an old answer is given while no new one can be had, and kept for no longer than it was',
  async (t) => {
    const world = await createWorld(t)
    const postgres = await startProxy(t, new URL(world.database.url))
    const env = { ...world.env, DATABASE_URL: through(world.database.url, postgres) }
    const { call } = await startPod(t, { ...world, env })
    const { id, sku } = await createProduct(call, await registerAdmin(call, world))
    const path = `/v1/products/${id}`
    const probe = createCacheProbe(t, world)
    const read = async () => {
      const { status, headers, body } = await call('GET', path)
      return { status, verdict: headers.get('x-cache'), sku: body?.data?.sku }
    }
    t.strictSame(await read(), { status: 200, verdict: 'MISS', sku })
    await probe.expire(path)
    const kept = await probe.entry(path)

    await postgres.cut()
    for (const _time of [1, 2]) t.strictSame(await read(), { status: 200, verdict: 'STALE', sku })
    t.equal(await probe.entry(path), kept)
    t.equal((await call('GET', '/v1/products?limit=3')).status, 503, 'what is not kept cannot be given')

    await postgres.mend()
    await until('a new one', async () => (await read()).verdict === 'MISS')
    t.strictSame(await read(), { status: 200, verdict: 'HIT', sku })

    await probe.expire(path)
    postgres.stall()
    const begun = performance.now()
    t.strictSame(
      await read(),
      { status: 200, verdict: 'STALE', sku },
      'whoever is to make it anew gets it, too',
    )
    t.ok(performance.now() - begun < GIVEN_WITHIN_MS)
    await postgres.mend()
    await until('a new one', async () => (await read()).verdict === 'MISS')
    t.strictSame(await read(), { status: 200, verdict: 'HIT', sku })
  },
)
