import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { createProduct, newProduct, registerAdmin, registerUser } from '../support/factories.js'
import { isProblem } from '../support/problem.js'

t.test('the catalogue', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const user = await registerUser(call)
  const read = (id: string, headers = {}) => call('GET', `/v1/products/${id}`, { headers })
  const change = (id: string, body: object, headers = {}) =>
    call('PATCH', `/v1/products/${id}`, { token: admin.token, body, headers })
  const withdraw = (id: string, headers = {}) =>
    call('DELETE', `/v1/products/${id}`, { token: admin.token, headers })
  const auditsOf = async (productId: string) =>
    [
      ...(await sql`select action, details, actor_id from audit_log
        where details->>'productId' = ${productId} order by id`),
    ].map((row) => ({ ...row }))

  await t.test('a change bumps the tag, and a wrong tag changes nothing', async (t) => {
    const { id } = await createProduct(call, admin)
    const first = await read(id)
    const etag = first.headers.get('etag') ?? ''
    t.match(etag, /^"\d+"$/)
    t.equal((await read(id, { 'if-none-match': etag })).status, 304)
    const changed = await change(
      id,
      { name: 'Tin mug', price: { amount: 5, currency: 'JPY' } },
      {
        'if-match': etag,
      },
    )
    t.equal(changed.status, 200)
    t.match(changed.body.data, { id, name: 'Tin mug', price: { amount: 5, currency: 'JPY' }, stock: 10 })
    t.strictSame((await read(id)).body, changed.body)
    const current = changed.headers.get('etag')
    t.not(current, etag)

    const late = await change(id, { stock: 1 }, { 'if-match': etag })
    isProblem(t, late, { status: 412, code: 'precondition_failed' })
    t.equal(late.headers.get('etag'), current, 'says what the version is')
    isProblem(t, await withdraw(id, { 'if-match': etag }), { status: 412, code: 'precondition_failed' })
    t.strictSame((await read(id)).body, changed.body)
    t.equal((await change(id, { stock: 7 })).body.data.stock, 7, 'without a tag any version will do')
  })

  await t.test('what is so already is no change', async (t) => {
    const product = newProduct()
    const { id } = await createProduct(call, admin, product)
    const before = (await read(id)).headers.get('etag')
    const same = await change(id, product)
    t.equal(same.status, 200)
    t.equal(same.headers.get('etag'), before)
    t.equal((await auditsOf(id)).length, 1)
  })

  await t.test('an order makes another version, since the stock is part of it', async (t) => {
    const { id } = await createProduct(call, admin)
    const etag = (await read(id)).headers.get('etag') ?? ''
    const items = [{ productId: id, quantity: 3 }]
    t.equal((await call('POST', '/v1/orders', { token: user.token, body: { items } })).status, 201)
    const answer = await read(id, { 'if-none-match': etag })
    t.equal(answer.status, 200)
    t.equal(answer.body.data.stock, 7)
    const late = await change(id, { stock: 10 }, { 'if-match': etag })
    isProblem(t, late, { status: 412, code: 'precondition_failed' }, 'what was sold is not undone')
  })

  await t.test('a withdrawn one is gone for buyers, and stays in past orders', async (t) => {
    const product = await createProduct(call, admin, { name: 'Enamel jug' })
    const items = [{ productId: product.id, quantity: 1 }]
    const place = () => call('POST', '/v1/orders', { token: user.token, body: { items } })
    const placed = await place()
    t.equal((await withdraw(product.id)).status, 204)

    const gone = { status: 404, code: 'product_not_found' }
    isProblem(t, await read(product.id), gone)
    isProblem(t, await change(product.id, { stock: 1 }), gone)
    isProblem(t, await withdraw(product.id), gone, 'a second time')
    isProblem(t, await place(), gone)
    const list = await call('GET', '/v1/products?q=jug')
    t.strictSame(list.body.data, [])
    const order = await call('GET', `/v1/orders/${placed.body.data.id}`, { token: user.token })
    t.match(order.body.data.items, [{ productId: product.id, sku: product.sku, name: 'Enamel jug' }])

    t.equal(
      (await createProduct(call, admin, { sku: product.sku })).sku,
      product.sku,
      'its sku is free again',
    )
  })

  await t.test('past orders keep name and price', async (t) => {
    const { id, sku } = await createProduct(call, admin)
    const items = [{ productId: id, quantity: 1 }]
    const placed = await call('POST', '/v1/orders', { token: user.token, body: { items } })
    await change(id, { name: 'New', sku: `${sku}-new`, price: { amount: 1, currency: 'EUR' } })
    const order = await call('GET', `/v1/orders/${placed.body.data.id}`, { token: user.token })
    t.match(order.body.data.items, [{ sku, name: 'Enamel mug', unitPrice: { amount: 1999 } }])
  })

  await t.test('another one’s sku is taken, its own is not', async (t) => {
    const [one, other] = [await createProduct(call, admin), await createProduct(call, admin)]
    isProblem(t, await change(one.id, { sku: other.sku }), { status: 409, code: 'sku_taken' })
    t.equal((await change(one.id, { sku: one.sku, stock: 3 })).status, 200)
  })

  await t.test('each deed is recorded', async (t) => {
    const { id } = await createProduct(call, admin)
    await change(id, { stock: 3, name: 'Mug' })
    await withdraw(id)
    const by = { actor_id: admin.id }
    t.strictSame(await auditsOf(id), [
      { action: 'product.created', details: { productId: id }, ...by },
      { action: 'product.changed', details: { fields: 'name,stock', productId: id }, ...by },
      { action: 'product.withdrawn', details: { productId: id }, ...by },
    ])
  })

  await t.test('bad changes are refused with their place', async (t) => {
    const { id } = await createProduct(call, admin)
    const before = (await read(id)).text
    const cases: [object, string][] = [
      [{}, ''],
      [{ id }, ''],
      [{ price: { amount: -1, currency: 'EUR' } }, 'price.amount'],
      [{ price: { amount: 1.5, currency: 'EUR' } }, 'price.amount'],
      [{ price: { amount: 2 ** 53, currency: 'EUR' } }, 'price.amount'],
      [{ price: { amount: 1 } }, 'price.currency'],
      [{ price: null }, 'price'],
      [{ sku: 'a\u0000' }, 'sku'],
      [{ sku: 'a\u0085b' }, 'sku'],
      [{ stock: -1 }, 'stock'],
      [{ stock: 1e9 + 1 }, 'stock'],
      [{ name: ' ' }, 'name'],
      [{ description: null }, 'description'],
    ]
    for (const [body, path] of cases) {
      const answer = await change(id, body)
      isProblem(t, answer, { status: 400, code: 'validation_failed' }, JSON.stringify(body))
      t.equal(answer.body.errors[0].path, path, JSON.stringify(body))
    }
    t.equal((await read(id)).text, before)
    isProblem(t, await change('no-uuid', { stock: 1 }), { status: 400, code: 'validation_failed' })
  })
})
