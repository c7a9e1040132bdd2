import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { createCrowd, nth } from '../support/crowd.js'
import { createProduct } from '../support/factories.js'

const UNKNOWN = '00000000-0000-7000-8000-000000000000'

t.test('orders', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call, app } = await startPod(t, world)
  const admin = nth(await createCrowd(world, app, 1, 'admin'), 0)
  const crowd = await createCrowd(world, app, 3)
  const [ada, eve, gone] = [nth(crowd, 0), nth(crowd, 1), nth(crowd, 2)]
  const place = (items: unknown, token = ada.token) => call('POST', '/v1/orders', { token, body: { items } })
  const stockOf = async (id: string) => (await sql`select stock from products where id = ${id}`)[0]?.['stock']
  const written = async () => {
    const [row] = await sql`select (select count(*) from orders)::int as orders,
      (select count(*) from order_items)::int as items, (select count(*) from outbox)::int as jobs,
      (select sum(stock) from products)::int as stock`
    return row
  }

  await t.test('placing one takes stock and queues its publication', async (t) => {
    const mug = await createProduct(call, admin, { stock: 10 })
    const plate = await createProduct(call, admin, { stock: 5, price: { amount: 250, currency: 'EUR' } })
    const { status, headers, body } = await place([
      { productId: mug.id, quantity: 2 },
      { productId: plate.id, quantity: 1 },
      { productId: mug.id, quantity: 1 },
    ])
    t.equal(status, 201)
    t.equal(headers.get('location'), `/v1/orders/${body.data.id}`)
    t.match(body.data, {
      userId: ada.id,
      status: 'placed',
      items: [
        { productId: mug.id, sku: mug.sku, quantity: 3, unitPrice: { amount: 1999, currency: 'EUR' } },
        { productId: plate.id, quantity: 1 },
      ],
      total: { amount: 3 * 1999 + 250, currency: 'EUR' },
    })
    t.equal(body.data.items.length, 2, 'the same product twice is one item')
    t.equal(await stockOf(mug.id), 7)
    t.equal(await stockOf(plate.id), 4)
    const jobs = await sql`select payload from outbox where name = 'publish-order-event'`
    t.strictSame(
      jobs.map(({ payload }) => payload),
      [{ orderId: body.data.id, userId: ada.id, version: 1, actorId: ada.id, from: null, to: 'placed' }],
    )
    t.strictSame((await call('GET', `/v1/orders/${body.data.id}`, { token: ada.token })).body, body)
  })

  await t.test('the items keep their order, and an id may come in capitals', async (t) => {
    const first = await createProduct(call, admin)
    const second = await createProduct(call, admin)
    const { status, body } = await place([
      { productId: second.id.toUpperCase(), quantity: 1 },
      { productId: first.id, quantity: 1 },
      { productId: second.id, quantity: 1 },
    ])
    t.equal(status, 201)
    t.match(body.data.items, [
      { productId: second.id, quantity: 2 },
      { productId: first.id, quantity: 1 },
    ])
  })

  await t.test('a token whose user is gone places nothing', async (t) => {
    const { id } = await createProduct(call, admin)
    await sql`delete from users where id = ${gone.id}`
    const before = await written()
    const { status, body } = await place([{ productId: id, quantity: 1 }], gone.token)
    t.equal(status, 401)
    t.equal(body.code, 'unauthenticated')
    t.strictSame(await written(), before)
  })

  await t.test('a shortage names what is left and writes nothing', async (t) => {
    const rare = await createProduct(call, admin, { stock: 1 })
    const plenty = await createProduct(call, admin, { stock: 100 })
    const before = await written()
    const { status, body } = await place([
      { productId: plenty.id, quantity: 3 },
      { productId: rare.id, quantity: 2 },
    ])
    t.equal(status, 409)
    t.match(body, {
      code: 'insufficient_stock',
      items: [{ productId: rare.id, sku: rare.sku, requested: 2, available: 1 }],
    })
    t.strictSame(await written(), before)
  })

  await t.test('an unknown product, or two currencies, write nothing', async (t) => {
    const euro = await createProduct(call, admin)
    const yen = await createProduct(call, admin, { price: { amount: 100, currency: 'JPY' } })
    const before = await written()
    const unknown = await place([
      { productId: euro.id, quantity: 1 },
      { productId: UNKNOWN, quantity: 1 },
    ])
    t.equal(unknown.status, 404)
    t.match(unknown.body, { code: 'product_not_found', productIds: [UNKNOWN] })
    const mixed = await place([
      { productId: euro.id, quantity: 1 },
      { productId: yen.id, quantity: 1 },
    ])
    t.equal(mixed.status, 409)
    t.equal(mixed.body.code, 'mixed_currencies')
    t.strictSame(await written(), before)
  })

  await t.test('bad input is refused with its place and writes nothing', async (t) => {
    const { id } = await createProduct(call, admin)
    const before = await written()
    const quantities = [0, -1, 1.5, 1e9, 1_001, '1', null].map((quantity): [unknown, string] => [
      [{ productId: id, quantity }],
      'items.0.quantity',
    ])
    const cases: [unknown, string][] = [
      ...quantities,
      [[], 'items'],
      [Array.from({ length: 101 }, () => ({ productId: id, quantity: 1 })), 'items'],
      [Array.from({ length: 2 }, () => ({ productId: id, quantity: 501 })), 'items'],
      [[{ productId: '42', quantity: 1 }], 'items.0.productId'],
      [[{ productId: id, quantity: 1, price: 0 }], 'items.0'],
      [{}, 'items'],
      [undefined, 'items'],
    ]
    for (const [items, path] of cases) {
      const { status, body } = await place(items)
      const refusal = { status: 400, body: { code: 'validation_failed', errors: [{ path }] } }
      t.match({ status, body }, refusal, JSON.stringify(items))
    }
    t.strictSame(await written(), before)
  })

  await t.test('one sees one’s own, an admin sees all', async (t) => {
    const { id } = await createProduct(call, admin)
    const { body } = await place([{ productId: id, quantity: 1 }])
    const path = `/v1/orders/${body.data.id}`
    t.equal((await call('GET', path, { token: eve.token })).status, 404)
    t.equal((await call('GET', path, { token: eve.token })).body.code, 'order_not_found')
    t.equal((await call('GET', path)).status, 401)
    t.equal((await call('GET', path, { token: admin.token })).status, 200)
    t.strictSame((await call('GET', '/v1/orders', { token: eve.token })).body, {
      data: [],
      meta: { nextCursor: null },
    })
    const all = await call('GET', '/v1/orders', { token: admin.token })
    t.ok(all.body.data.some((order: { id: string }) => order.id === body.data.id))
  })

  await t.test('the list goes on behind its cursor, newest first, in two queries a page', async (t) => {
    const { id } = await createProduct(call, admin, { stock: 100 })
    for (let count = 0; count < 5; count += 1) await place([{ productId: id, quantity: 1 }], eve.token)
    const first = await call('GET', '/v1/orders?limit=3', { token: eve.token })
    const { nextCursor } = first.body.meta
    const rest = await call('GET', `/v1/orders?limit=3&cursor=${nextCursor}`, { token: eve.token })
    const ids = [...first.body.data, ...rest.body.data].map((order: { id: string }) => order.id)
    t.equal(ids.length, 5)
    t.strictSame(ids, [...new Set(ids)].sort().reverse())
    t.ok(first.body.data.every(({ items }: { items: unknown[] }) => items.length === 1))
    t.equal(rest.body.meta.nextCursor, null)
    const foreign = await call('GET', `/v1/orders?cursor=${nextCursor}`, { token: ada.token })
    t.equal(foreign.status, 400, "somebody else's cursor is refused")
  })

  await t.test('nothing is oversold: 30 buyers on two pods for the last 12', async (t) => {
    const calls = [call, (await startPod(t, world)).call] as const
    const last = await createProduct(call, admin, { stock: 12 })
    const other = await createProduct(call, admin, { stock: 1_000 })
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, buyer) => {
        const pair = [last.id, other.id].map((productId) => ({ productId, quantity: 1 }))
        // Half of them name the products the other way round: without a lock order they would deadlock.
        const items = buyer % 2 === 0 ? pair : pair.reverse()
        return calls[buyer % 4 < 2 ? 0 : 1]('POST', '/v1/orders', { token: admin.token, body: { items } })
      }),
    )
    const statuses = answers.map(({ status }) => status)
    t.equal(statuses.filter((status) => status === 201).length, 12)
    t.equal(statuses.filter((status) => status === 409).length, 18)
    const [row] = await sql`
      with placed as (select id from orders where user_id = ${admin.id})
      select (select stock from products where id = ${last.id}) as last,
        (select stock from products where id = ${other.id}) as other,
        (select count(*)::int from placed) as orders,
        (select sum(quantity)::int from order_items where product_id = ${last.id}) as sold,
        (select count(*)::int from outbox join placed on payload ->> 'orderId' = placed.id::text
          where name = 'publish-order-event') as jobs`
    t.strictSame({ ...row }, { last: 0, other: 988, orders: 12, sold: 12, jobs: 12 })
  })
})
