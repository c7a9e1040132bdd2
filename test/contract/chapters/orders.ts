import type { Test } from 'tap'
import { isProblem } from '../support/problem.js'
import { type Scene, UNKNOWN_ID } from '../support/scene.js'
import { faultyPaths, isOrder, isSuccess } from '../support/shapes.js'

const INVALID = { status: 400, code: 'validation_failed' }
const NOT_FOUND = { status: 404, code: 'order_not_found' }
const UNAUTHENTICATED = { status: 401, code: 'unauthenticated' }

const place = async (t: Test, { call, ada, createProduct, placeOrder, stockOf }: Scene): Promise<void> => {
  await t.test('an order takes stock, and keeps what was bought at which price', async (t) => {
    const mug = await createProduct({ stock: 10 })
    const plate = await createProduct({ stock: 5, price: { amount: 250, currency: 'EUR' } })
    const answer = await placeOrder(ada, [
      { productId: mug.id, quantity: 2 },
      { productId: plate.id.toUpperCase(), quantity: 1 },
      { productId: mug.id, quantity: 1 },
    ])
    isSuccess(t, answer, 201)
    const order = answer.body.data
    isOrder(t, order)
    t.equal(answer.headers.get('location'), `/v1/orders/${order.id}`)
    t.match(order, { userId: ada.id, status: 'placed', total: { amount: 3 * 1_999 + 250, currency: 'EUR' } })
    const [first, second] = [mug, plate].map(({ id, sku, name }) => ({ productId: id, sku, name }))
    t.strictSame(order.items, [
      { ...first, unitPrice: { amount: 1_999, currency: 'EUR' }, quantity: 3 },
      { ...second, unitPrice: { amount: 250, currency: 'EUR' }, quantity: 1 },
    ])
    t.strictSame([await stockOf(mug.id), await stockOf(plate.id)], [7, 4])
    t.strictSame((await call('GET', `/v1/orders/${order.id}`, { token: ada.token })).body, answer.body)
  })

  await t.test('an order that cannot be met takes nothing, and says why', async (t) => {
    const [much, little] = [await createProduct({ stock: 10 }), await createProduct({ stock: 1 })]
    const dollars = await createProduct({ price: { amount: 1, currency: 'USD' } })
    const short = await placeOrder(ada, [
      { productId: much.id, quantity: 1 },
      { productId: little.id, quantity: 2 },
    ])
    isProblem(t, short, { status: 409, code: 'insufficient_stock', instance: '/v1/orders' })
    t.strictSame(short.body.items, [{ productId: little.id, sku: little.sku, requested: 2, available: 1 }])
    const unknown = await placeOrder(ada, [
      { productId: much.id, quantity: 1 },
      { productId: UNKNOWN_ID, quantity: 1 },
    ])
    isProblem(t, unknown, { status: 404, code: 'product_not_found' })
    t.strictSame(unknown.body.productIds, [UNKNOWN_ID])
    const mixed = await placeOrder(ada, [
      { productId: much.id, quantity: 1 },
      { productId: dollars.id, quantity: 1 },
    ])
    isProblem(t, mixed, { status: 409, code: 'mixed_currencies' })
    t.strictSame([await stockOf(much.id), await stockOf(little.id), await stockOf(dollars.id)], [10, 1, 10])
  })

  await t.test('what is not valid is named', async (t) => {
    const { id: productId } = await createProduct({ stock: 5_000 })
    const line = (changes: object) => ({ items: [{ productId, quantity: 1, ...changes }] })
    for (const [body, path] of [
      [{}, 'items'],
      [{ items: [] }, 'items'],
      [{ items: Array.from({ length: 101 }, () => ({ productId, quantity: 1 })) }, 'items'],
      [{ items: [600, 401].map((quantity) => ({ productId, quantity })) }, 'items'],
      [{ items: Array.from({ length: 60 }, () => ({})) }, 'items.0.productId'],
      [line({ quantity: 0 }), 'items.0.quantity'],
      [line({ quantity: 1_001 }), 'items.0.quantity'],
      [line({ quantity: 1.5 }), 'items.0.quantity'],
      [line({ quantity: '1' }), 'items.0.quantity'],
      [line({ productId: 'no-id' }), 'items.0.productId'],
      [line({ unitPrice: 1 }), 'items.0'],
      [{ ...line({}), userId: UNKNOWN_ID }, ''],
      [{ ...line({}), status: 'delivered' }, ''],
    ] as const) {
      const answer = await call('POST', '/v1/orders', { token: ada.token, body })
      const what = JSON.stringify(body).slice(0, 80)
      isProblem(t, answer, INVALID, what)
      t.ok(faultyPaths(answer).includes(path), `${what}: ${faultyPaths(answer)}`)
    }
  })
}

const ownership = async (t: Test, scene: Scene): Promise<void> => {
  const { call, ada, eve, admin, createProduct, placeOrder, stockOf } = scene

  await t.test('an order is its owner’s and the admins’', async (t) => {
    const { id: productId } = await createProduct()
    const { body } = await placeOrder(ada, [{ productId, quantity: 1 }])
    const path = `/v1/orders/${body.data.id}`
    isProblem(
      t,
      await call('GET', path, { token: eve.token }),
      { ...NOT_FOUND, instance: path },
      'read by another',
    )
    isProblem(
      t,
      await call('POST', `${path}/cancel`, { token: eve.token }),
      NOT_FOUND,
      'cancelled by another',
    )
    isProblem(t, await call('GET', path), UNAUTHENTICATED, 'read by nobody')
    isProblem(t, await call('POST', `${path}/cancel`), UNAUTHENTICATED, 'cancelled by nobody')
    isProblem(
      t,
      await call('POST', '/v1/orders', { body: { items: [] } }),
      UNAUTHENTICATED,
      'placed by nobody',
    )
    isProblem(t, await call('GET', '/v1/orders'), UNAUTHENTICATED, 'listed by nobody')
    t.equal(await stockOf(productId), 9, 'and nothing has happened')
    t.strictSame((await call('GET', path, { token: admin.token })).body, body)
  })

  await t.test('an order that is not there is not found', async (t) => {
    const { token } = ada
    isProblem(t, await call('GET', `/v1/orders/${UNKNOWN_ID}`, { token }), NOT_FOUND)
    isProblem(
      t,
      await call('POST', `/v1/orders/${UNKNOWN_ID}/cancel`, { token }),
      NOT_FOUND,
      'to be cancelled',
    )
    const broken = await call('GET', '/v1/orders/no-id', { token })
    isProblem(t, broken, INVALID)
    t.strictSame(faultyPaths(broken), ['id'])
    isProblem(t, await call('POST', '/v1/orders/no-id/cancel', { token }), INVALID, 'no id, to be cancelled')
    isProblem(t, await call('GET', `/v1/orders/${UNKNOWN_ID}?full=1`, { token }), INVALID, 'an unknown query')
  })
}

const cancel = async (t: Test, scene: Scene): Promise<void> => {
  const { call, ada, admin, createProduct, placeOrder, stockOf } = scene
  const cancelIt = (id: string, token: string) => call('POST', `/v1/orders/${id}/cancel`, { token })

  await t.test('a cancelled order gives its stock back, once', async (t) => {
    const { id: productId } = await createProduct()
    const { body } = await placeOrder(ada, [{ productId, quantity: 4 }])
    t.equal(await stockOf(productId), 6)
    const answer = await cancelIt(body.data.id, ada.token)
    isSuccess(t, answer, 200)
    isOrder(t, answer.body.data)
    t.match(answer.body.data, { ...body.data, status: 'cancelled', updatedAt: String })
    t.equal(await stockOf(productId), 10)
    const again = await cancelIt(body.data.id, ada.token)
    isProblem(t, again, { status: 409, code: 'invalid_transition' })
    t.match(again.body, { from: 'cancelled', to: 'cancelled' })
    t.equal(await stockOf(productId), 10)
    t.strictSame((await call('GET', `/v1/orders/${body.data.id}`, { token: ada.token })).body, answer.body)
  })

  await t.test('an admin cancels for others', async (t) => {
    const { id: productId } = await createProduct()
    const { body } = await placeOrder(ada, [{ productId, quantity: 1 }])
    const { status, body: cancelled } = await cancelIt(body.data.id, admin.token)
    t.strictSame([status, cancelled.data.status, cancelled.data.userId], [200, 'cancelled', ada.id])
  })
}

/** Orders, one at a time. */
export const orders = async (t: Test, scene: Scene): Promise<void> => {
  await place(t, scene)
  await ownership(t, scene)
  await cancel(t, scene)
}
