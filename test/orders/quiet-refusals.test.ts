import postgres from 'postgres'
import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { createCacheProbe } from '../support/cache.js'
import { createProduct, registerAdmin, registerUser, unique } from '../support/factories.js'
import { until } from '../support/until.js'

const UNKNOWN = '00000000-0000-7000-8000-000000000000'

t.test('an order that is refused, or fails, drops nothing from the cache and wakes no relay', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call)
  const mug = await createProduct(call, admin, { stock: 3 })
  const yen = await createProduct(call, admin, { price: { amount: 100, currency: 'JPY' } })
  const kept = [`/v1/products/${mug.id}`, `/v1/products/${yen.id}`, '/v1/products?limit=5']
  for (const path of kept) await call('GET', path)
  const probe = createCacheProbe(t, world)
  const tags = [`product:${mug.id}`, `product:${yen.id}`, 'products'].map(probe.tagKey)
  const before = await probe.redis.mget(tags)
  t.ok(
    before.every((id) => id !== null),
    'all of it is kept',
  )

  const listener = postgres(world.database.url, { max: 1, onnotice: () => {} })
  t.teardown(() => listener.end({ timeout: 1 }))
  const heard: string[] = []
  for (const channel of ['outbox', 'mark']) await listener.listen(channel, () => void heard.push(channel))
  /** What was heard before the mark, which comes behind all that was committed before it. */
  const heardSince = async (): Promise<string[]> => {
    await sql`notify mark`
    await until('the mark', () => heard.includes('mark'))
    return heard.splice(0).filter((channel) => channel !== 'mark')
  }
  const order = (items: [string, number][], headers = {}) =>
    call('POST', '/v1/orders', {
      token: ada.token,
      body: { items: items.map(([productId, quantity]) => ({ productId, quantity })) },
      headers,
    })
  await heardSince()

  const refused: [number, [string, number][]][] = [
    [409, [[mug.id, 4]]],
    [404, [[UNKNOWN, 1]]],
    [
      404,
      [
        [mug.id, 1],
        [UNKNOWN, 1],
      ],
    ],
    [
      409,
      [
        [mug.id, 1],
        [yen.id, 1],
      ],
    ],
    [400, [[mug.id, 0]]],
  ]
  const refuseAll = async () => {
    for (const [status, items] of refused)
      for (const headers of [{}, { 'idempotency-key': unique('key') }])
        t.equal((await order(items, headers)).status, status)
  }
  await refuseAll()
  t.strictSame(await heardSince(), [], 'refused')

  await sql`alter table order_items rename to hidden`
  t.ok((await order([[mug.id, 1]])).status >= 500)
  await sql`alter table hidden rename to order_items`
  t.strictSame(await heardSince(), [], 'failed')

  t.strictSame(await probe.redis.mget(tags), before, 'nothing was dropped')
  for (const path of kept) t.equal((await call('GET', path)).headers.get('x-cache'), 'HIT', path)

  t.equal((await order([[mug.id, 1]])).status, 201)
  t.strictSame(await heardSince(), ['outbox'], 'one that is placed does')
  for (const [index, path] of kept.entries())
    t.equal((await call('GET', path)).headers.get('x-cache'), index === 1 ? 'HIT' : 'MISS', path)
})
