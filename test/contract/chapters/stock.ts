import type { Test } from 'tap'
import type { Answer } from '../support/client.js'
import type { Scene } from '../support/scene.js'

const STOCK = 8
const BUYERS = 20

const count = (answers: readonly Answer[], status: number): number =>
  answers.filter((answer) => answer.status === status).length

/** Many at once, for the same pieces. */
export const stock = async (t: Test, scene: Scene): Promise<void> => {
  const { call, ada, eve, createProduct, placeOrder, stockOf } = scene

  await t.test('what is in stock is sold once, however many want it', async (t) => {
    const { id: productId } = await createProduct({ stock: STOCK })
    const buying = Array.from({ length: BUYERS }, (_, n) =>
      placeOrder(n % 2 === 0 ? ada : eve, [{ productId, quantity: 1 }]),
    )
    const answers = await Promise.all(buying)
    t.strictSame([count(answers, 201), count(answers, 409)], [STOCK, BUYERS - STOCK])
    t.equal(await stockOf(productId), 0)
    const refused = answers.find(({ status }) => status === 409)
    t.match(refused?.body, { code: 'insufficient_stock', items: [{ productId, requested: 1, available: 0 }] })

    const sold = answers.filter(({ status }) => status === 201).map(({ body }) => body.data)
    const cancelling = [...sold, ...sold].map(({ id, userId }) =>
      call('POST', `/v1/orders/${id}/cancel`, { token: userId === ada.id ? ada.token : eve.token }),
    )
    const cancelled = await Promise.all(cancelling)
    t.strictSame([count(cancelled, 200), count(cancelled, 409)], [STOCK, STOCK], 'each is cancelled once')
    t.equal(await stockOf(productId), STOCK, 'and all pieces are back')
  })

  await t.test('orders for the same things in another order do not block each other', async (t) => {
    const [one, other] = [await createProduct({ stock: 100 }), await createProduct({ stock: 100 })]
    const lines = [one, other].map(({ id }) => ({ productId: id, quantity: 1 }))
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => placeOrder(ada, n % 2 === 0 ? lines : [...lines].reverse())),
    )
    t.equal(count(answers, 201), 12)
    t.strictSame([await stockOf(one.id), await stockOf(other.id)], [88, 88])
  })
}
