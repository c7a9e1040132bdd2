import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { createProduct, newProduct, registerAdmin, registerUser } from '../support/factories.js'

t.test('products', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const user = await registerUser(call)
  const count = async () => (await world.database.sql`select count(*)::int as n from products`)[0]?.['n']

  await t.test('an admin adds one, everybody reads it', async (t) => {
    const input = newProduct()
    const created = await call('POST', '/v1/products', { token: admin.token, body: input })
    t.equal(created.status, 201)
    t.match(created.body.data, input)
    const path = created.headers.get('location')
    t.equal(path, `/v1/products/${created.body.data.id}`)
    const { status, body } = await call('GET', path ?? '')
    t.equal(status, 200)
    t.strictSame(body, created.body)
  })

  await t.test('nobody else adds one', async (t) => {
    const before = await count()
    t.equal((await call('POST', '/v1/products', { body: newProduct() })).status, 401)
    const { status, body } = await call('POST', '/v1/products', { token: user.token, body: newProduct() })
    t.equal(status, 403)
    t.equal(body.code, 'forbidden')
    t.equal(await count(), before)
  })

  await t.test('a sku is unique', async (t) => {
    const { sku } = await createProduct(call, admin)
    const { status, body } = await call('POST', '/v1/products', {
      token: admin.token,
      body: newProduct({ sku }),
    })
    t.equal(status, 409)
    t.equal(body.code, 'sku_taken')
  })

  await t.test('the list is public, newest first, and goes on behind its cursor', async (t) => {
    const newest = await createProduct(call, admin)
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`
      const { status, body } = await call('GET', `/v1/products?limit=2${query}`)
      t.equal(status, 200)
      seen.push(...body.data.map(({ id }: { id: string }) => id))
      cursor = body.meta.nextCursor
    }
    t.equal(seen[0], newest.id)
    t.equal(seen.length, await count())
    t.strictSame(seen, [...new Set(seen)].sort().reverse())
  })

  await t.test('an unknown one is 404', async (t) => {
    const { status, body } = await call('GET', '/v1/products/00000000-0000-7000-8000-000000000000')
    t.equal(status, 404)
    t.equal(body.code, 'product_not_found')
  })

  await t.test('bad input is refused with its place and changes nothing', async (t) => {
    const cases: [object, string][] = [
      [{ sku: 'a\u0007b' }, 'sku'],
      [{ sku: '' }, 'sku'],
      [{ name: 'a\u0000b' }, 'name'],
      [{ price: { amount: -1, currency: 'EUR' } }, 'price.amount'],
      [{ price: { amount: 1.5, currency: 'EUR' } }, 'price.amount'],
      [{ price: { amount: 2 ** 53, currency: 'EUR' } }, 'price.amount'],
      [{ price: { amount: 1, currency: 'euro' } }, 'price.currency'],
      [{ price: { amount: 1, currency: 'QQQ' } }, 'price.currency'],
      [{ price: 1999 }, 'price'],
      [{ stock: -1 }, 'stock'],
      [{ colour: 'red' }, ''],
    ]
    const before = await count()
    for (const [overrides, path] of cases) {
      const body = newProduct(overrides)
      const answer = await call('POST', '/v1/products', { token: admin.token, body })
      t.equal(answer.status, 400, JSON.stringify(overrides))
      t.match(answer.body, { code: 'validation_failed', errors: [{ path }] }, JSON.stringify(overrides))
    }
    t.equal(await count(), before)
  })

  await t.test('a query that the list does not know is refused', async (t) => {
    const page = await call('GET', '/v1/products?limit=1')
    const orders = await call('GET', `/v1/orders?cursor=${page.body.meta.nextCursor}`, { token: user.token })
    t.equal(orders.status, 400, "another list's cursor")
    for (const query of [
      'colour=red',
      'limit=0',
      'limit=101',
      'limit=x',
      'cursor=xyz',
      'cursor=',
      'limit=1&limit=2',
    ]) {
      const { status, body } = await call('GET', `/v1/products?${query}`)
      t.equal(status, 400, query)
      t.equal(body.code, 'validation_failed', query)
    }
  })
})
