import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { createProduct, newProduct, registerAdmin, registerUser, unique } from '../support/factories.js'
import { isProblem } from '../support/problem.js'
import { until } from '../support/until.js'

t.test('a request with an Idempotency-Key is done once', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call)
  const eve = await registerUser(call, 'Eve')
  const mug = await createProduct(call, admin, { stock: 100 })
  const items = (quantity = 1) => [{ productId: mug.id, quantity }]
  const place = (key: string, body: object | string = { items: items() }, token = ada.token) =>
    call('POST', '/v1/orders', { token, body, headers: { 'idempotency-key': key } })
  const orders = async () => (await sql`select count(*)::int as n from orders`)[0]?.['n']
  const stock = async () => (await sql`select stock from products where id = ${mug.id}`)[0]?.['stock']

  await t.test('again with the same key: the same answer, byte by byte', async (t) => {
    const key = unique('key')
    const first = await place(key)
    t.equal(first.status, 201)
    t.equal(first.headers.get('idempotency-replayed'), null)
    t.equal(first.headers.get('content-type'), 'application/json; charset=utf-8')
    const before = await orders()
    // What has become of the order since does not matter.
    await call('POST', `/v1/orders/${first.body.data.id}/confirm`, { token: admin.token })
    const again = await place(key)
    t.equal(again.status, 201)
    t.equal(again.text, first.text)
    for (const name of ['location', 'etag', 'content-type'])
      t.equal(again.headers.get(name), first.headers.get(name), name)
    t.equal(again.headers.get('idempotency-replayed'), 'true')
    t.not(again.headers.get('x-request-id'), first.headers.get('x-request-id'), 'the request is another one')
    t.equal(await orders(), before)
    t.strictSame((await call('GET', first.headers.get('location') ?? '', { token: ada.token })).status, 200)
  })

  await t.test('the answer is the one that goes without a key', async (t) => {
    const [plain, keyed] = [
      await call('POST', '/v1/orders', { token: ada.token, body: { items: items() } }),
      await place(unique('key')),
    ]
    const named = (names: Headers) => [...names.keys()].sort()
    t.strictSame(named(keyed.headers), named(plain.headers))
    const shape = ({ data }: { data: object }) => Object.keys(data)
    t.strictSame(shape(keyed.body), shape(plain.body))
  })

  await t.test('in other words it is the same request, with other values it is not', async (t) => {
    const key = unique('key')
    const first = await place(key)
    const id = mug.id.toUpperCase()
    const same = await place(key, `{ "items" : [ {"quantity":1.0, "productId":"${id}"} ] }`)
    t.equal(same.text, first.text)
    const before = [await orders(), await stock()]
    const other = await place(key, { items: items(2) })
    isProblem(t, other, { status: 422, code: 'idempotency_key_reused' })
    t.equal(other.headers.get('location'), null)
    t.strictSame([await orders(), await stock()], before)
  })

  await t.test('a key is one user’s, at one route', async (t) => {
    const key = unique('key')
    const ids = [
      await place(key),
      await place(key, undefined, eve.token),
      await place(key, undefined, admin.token),
    ]
    t.equal(new Set(ids.map(({ body }) => body.data.id)).size, 3)
    t.ok(ids.every(({ headers }) => !headers.has('idempotency-replayed')))
    const product = newProduct()
    const create = () =>
      call('POST', '/v1/products', { token: admin.token, body: product, headers: { 'idempotency-key': key } })
    const [first, again] = [await create(), await create()]
    t.equal(first.status, 201)
    t.equal(again.text, first.text, 'and not 409 sku_taken')
    t.equal(again.headers.get('idempotency-replayed'), 'true')
  })

  await t.test('what failed is not remembered', async (t) => {
    const key = unique('key')
    const before = [await orders(), await stock()]
    const short = await place(key, { items: items(1_000) })
    isProblem(t, short, { status: 409, code: 'insufficient_stock' })
    t.equal(short.headers.get('location'), null)
    isProblem(t, await place(key, { items: [] }), { status: 400, code: 'validation_failed' })
    t.strictSame([await orders(), await stock()], before)
    const answer = await place(key)
    t.equal(answer.status, 201, 'the key is free')
    t.equal(answer.headers.get('idempotency-replayed'), null)
  })

  await t.test('after 24 hours it is another request, before that it is not', async (t) => {
    const key = unique('key')
    const first = await place(key)
    const age = (interval: string) =>
      sql`update idempotency_keys set created_at = now() - ${interval}::interval where key = ${key}`
    await age('23 hours 59 minutes')
    t.equal((await place(key)).text, first.text)
    await age('24 hours 1 second')
    const second = await place(key, { items: items(2) })
    t.equal(second.status, 201)
    t.not(second.body.data.id, first.body.data.id)
    t.equal((await place(key, { items: items(2) })).text, second.text, 'and is remembered in its turn')
  })

  await t.test('while the first one runs, others are told to come back', async (t) => {
    const key = unique('key')
    const blocker = await sql.reserve()
    t.teardown(() => blocker.release())
    await blocker`begin`
    await blocker`select from products where id = ${mug.id} for update`
    const first = place(key)
    await until('the first one to wait', async () => {
      const [row] = await blocker`select count(*)::int as n from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`
      return row?.['n'] === 1
    })
    const second = await place(key)
    isProblem(t, second, { status: 409, code: 'idempotency_in_flight' })
    t.equal(second.headers.get('retry-after'), '1')
    const otherKey = place(unique('key'))
    await blocker`commit`
    t.equal((await first).status, 201)
    t.equal((await otherKey).status, 201)
    t.equal((await place(key)).text, (await first).text)
  })

  await t.test('a failure on the way to the commit leaves neither order nor key', async (t) => {
    const key = unique('key')
    await sql`alter table idempotency_keys rename to hidden`
    const before = [await orders(), await stock()]
    isProblem(t, await place(key), { status: 500, code: 'internal_error' })
    await sql`alter table hidden rename to idempotency_keys`
    await sql`alter table idempotency_keys add constraint nothing check (route <> 'POST /v1/orders') not valid`
    const failed = await place(key)
    isProblem(t, failed, { status: 500, code: 'internal_error' })
    for (const name of ['location', 'etag']) t.equal(failed.headers.get(name), null, `no ${name} of nothing`)
    t.strictSame([await orders(), await stock()], before)
    await sql`alter table idempotency_keys drop constraint nothing`
    t.equal((await place(key)).status, 201)
  })

  await t.test('what is no key is refused', async (t) => {
    const before = await orders()
    for (const key of ['', 'a'.repeat(256), 'a b', 'a, b', 'ä'.repeat(3)]) {
      const answer = await place(key)
      isProblem(t, answer, { status: 400, code: 'validation_failed' }, key)
      t.equal(answer.body.errors[0].path, 'idempotency-key', key)
    }
    t.equal(await orders(), before)
    for (const key of ['a'.repeat(255), '"quoted"', '!~:/;()', 'null', '__proto__'])
      t.equal((await place(key)).status, 201, key)
    isProblem(
      t,
      await call('POST', '/v1/orders', { body: { items: items() }, headers: { 'idempotency-key': 'a' } }),
      { status: 401, code: 'unauthenticated' },
    )
  })
})
