import t, { type Test as TapTest } from 'tap'
import { type Answer, createWorld, type Pod, startPod, type World } from '../../support/app.js'
import { createCacheProbe } from '../../support/cache.js'
import { createCommitGate } from '../../support/commit-gate.js'
import { createCrowd, type Member, nth } from '../../support/crowd.js'
import { createExpiry } from '../../support/expiry.js'
import { createProduct, unique } from '../../support/factories.js'
import { startOwnRedis } from '../../support/own-redis.js'
import { createReadGate } from '../../support/read-gate.js'
import { until } from '../../support/until.js'

/** Two pods on one database and one Redis. */
interface Shop {
  readonly world: World
  readonly one: Pod
  readonly other: Pod
  readonly admin: Member
}

const stockAt = async ({ call }: Pod, path: string): Promise<number> => {
  const { body } = await call('GET', path)
  return Array.isArray(body.data) ? body.data[0].stock : body.data.stock
}

t.test('a slow reader puts no older value back', async (t) => {
  const redis = await startOwnRedis(t)
  const world = await createWorld(t, { REDIS_URL: redis.url })
  const [one, other] = [await startPod(t, world), await startPod(t, world)]
  const admin = nth(await createCrowd(world, one.app, 1, 'admin'), 0)
  const product = await createProduct(one.call, admin, { stock: 10 })
  const gate = await createReadGate(world.database.sql)
  const countLookUps = async (): Promise<number> =>
    Number(/cmdstat_mget:calls=(\d+)/.exec(await redis.client.info('commandstats'))?.[1] ?? 0)
  const change = (stock: number) =>
    other.call('PATCH', `/v1/products/${product.id}`, { token: admin.token, body: { stock } })

  for (const path of [`/v1/products/${product.id}`, '/v1/products?limit=1']) {
    await t.test(path.replace(product.id, ':id'), async (t) => {
      await change(10)
      let slow: Promise<number> | undefined
      await gate.whileShut(async () => {
        slow = stockAt(one, path)
        await gate.untilMet()
        t.equal((await change(7)).status, 200)
      })
      t.equal(await slow, 10, 'it was asked before the write')
      t.equal(await stockAt(one, path), 7)
      t.equal(await stockAt(other, path), 7)
    })
  }

  await t.test('also where Redis loses everything in between', async (t) => {
    const path = `/v1/products/${product.id}`
    await change(10)
    let slow: Promise<number> | undefined
    await gate.whileShut(async () => {
      slow = stockAt(one, path)
      await gate.untilMet()
      await redis.client.flushall()
      await change(8)
    })
    t.equal(await slow, 10)
    t.equal(await stockAt(other, path), 8)
    await redis.client.flushall()
    t.equal(await stockAt(one, path), 8)
  })

  await t.test('nor does one give it to those who came after the write', async (t) => {
    const path = `/v1/products/${product.id}`
    await change(10)
    let slow: Promise<number> | undefined
    let late: Promise<number> | undefined
    await gate.whileShut(async () => {
      slow = stockAt(one, path)
      await gate.untilMet()
      await change(6)
      const before = await countLookUps()
      late = stockAt(one, path)
      // The one who waits for the reader at the gate has looked, and found nothing.
      await until('another look-up', async () => (await countLookUps()) > before)
    })
    t.equal(await slow, 10)
    t.equal(await late, 6)
  })
})

t.test('two pods on one cache', async (t) => {
  const world = await createWorld(t)
  const shop = { world, one: await startPod(t, world), other: await startPod(t, world) }
  const admin = nth(await createCrowd(world, shop.one.app, 1, 'admin'), 0)
  await t.test('stock that orders move is seen at once through another pod', (t) =>
    seeMoves(t, { ...shop, admin }),
  )
  await t.test('what is read while a write commits is not kept past it', (t) =>
    readAtCommit(t, { ...shop, admin }),
  )
})

const seeMoves = async (t: TapTest, { world, one, other, admin }: Shop) => {
  const { id } = await createProduct(one.call, admin, { stock: 10 })
  const path = `/v1/products/${id}`
  const list = '/v1/products?limit=1'
  const order = (key: string) =>
    one.call('POST', '/v1/orders', {
      token: admin.token,
      body: { items: [{ productId: id, quantity: 1 }] },
      headers: { 'idempotency-key': key },
    })
  const isSeen = async (stock: number, what: string) => {
    for (const place of [path, list]) t.equal(await stockAt(other, place), stock, `${what}, ${place}`)
    for (const place of [path, list])
      t.equal((await other.call('GET', place)).headers.get('x-cache'), 'HIT', `${what}, kept since`)
  }
  await isSeen(10, 'before')

  const key = unique('key')
  const probe = createCacheProbe(t, world)
  const before = await probe.redis.mget(probe.entryKey(path), probe.tagKey(`product:${id}`))
  const placed = await order(key)
  t.equal(placed.status, 201)
  await isSeen(9, 'placed')

  await t.test('also by a retry, when the pod died between commit and announcement', async (t) => {
    await probe.redis.mset(
      probe.entryKey(path),
      before[0] ?? '',
      probe.tagKey(`product:${id}`),
      before[1] ?? '',
    )
    t.equal(await stockAt(other, path), 10, 'as such a pod leaves it')
    const replayed = await order(key)
    t.equal(replayed.headers.get('idempotency-replayed'), 'true')
    t.equal(await stockAt(other, path), 9)
  })

  await isSeen(9, 'replayed')
  await one.call('POST', `/v1/orders/${placed.body.data.id}/cancel`, { token: admin.token })
  await isSeen(10, 'cancelled')
  await order(unique('key'))
  await isSeen(9, 'placed again')
  t.equal(await createExpiry(t, world)(10), 1)
  await isSeen(10, 'expired by a worker')
  await one.call('DELETE', path, { token: admin.token })
  t.equal((await other.call('GET', path)).status, 404)
  t.strictSame((await other.call('GET', list)).body.data, [])
}

const readAtCommit = async (t: TapTest, { world, one, other, admin }: Shop) => {
  const { id } = await createProduct(one.call, admin, { stock: 10 })
  const path = `/v1/products/${id}`
  const gate = await createCommitGate(world.database.sql, 'orders')
  let stock = 10
  for (const headers of [{}, { 'idempotency-key': unique('key') }]) {
    await t.test(JSON.stringify(Object.keys(headers)), async (t) => {
      let ordered: Promise<Answer> | undefined
      await gate.whileShut(async () => {
        const body = { items: [{ productId: id, quantity: 1 }] }
        ordered = one.call('POST', '/v1/orders', { token: admin.token, body, headers })
        await gate.untilMet()
        t.equal(await stockAt(other, path), stock)
        t.equal((await other.call('GET', path)).headers.get('x-cache'), 'HIT')
      })
      t.equal((await ordered)?.status, 201)
      stock -= 1
      t.equal(await stockAt(other, path), stock)
    })
  }
}
