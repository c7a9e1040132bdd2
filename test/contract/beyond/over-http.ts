import { setTimeout as wait } from 'node:timers/promises'
import type { Call } from '../support/client.js'
import { createPerson, type Scene, unique, uniqueWord } from '../support/scene.js'
import type { Row } from './row.js'

/** What a token of an ended session is given to be refused on every pod. */
const REFUSED_WITHIN_MS = 5_000
const LOOK_EVERY_MS = 100

const isRefusedInTime = async (call: Call, token: string): Promise<boolean> => {
  const end = Date.now() + REFUSED_WITHIN_MS
  while (Date.now() < end) {
    if ((await call('GET', '/v1/users/me', { token })).status === 401) return true
    await wait(LOOK_EVERY_MS)
  }
  return false
}

/** Rows that need a base URL and nothing else. */
export const beyond: readonly Row<Scene>[] = [
  {
    name: 'a retried order is one order',
    does: 'POST /v1/orders twice with one `Idempotency-Key`, as after a lost answer',
    ours: 'the first answer again; stock is taken once',
    baseline: 'a second order',
    holds: async ({ call, ada, createProduct, stockOf }) => {
      const { id: productId } = await createProduct({ stock: 10 })
      const place = () =>
        call('POST', '/v1/orders', {
          token: ada.token,
          headers: { 'idempotency-key': `key-${productId}` },
          body: { items: [{ productId, quantity: 1 }] },
        })
      const [first, second] = [await place(), await place()]
      return first.body.data.id === second.body.data.id && (await stockOf(productId)) === 9
    },
  },
  {
    name: 'a decision on an old state is refused',
    does: 'POST /v1/orders/:id/cancel with the `If-Match` of another version',
    ours: '412, and the order stays',
    baseline: 'the order is cancelled',
    holds: async ({ call, ada, createProduct, placeOrder }) => {
      const { id: productId } = await createProduct()
      const { body } = await placeOrder(ada, [{ productId, quantity: 1 }])
      const options = { token: ada.token, headers: { 'if-match': '"77"' } }
      return (await call('POST', `/v1/orders/${body.data.id}/cancel`, options)).status === 412
    },
  },
  {
    name: 'what a client has is not sent again',
    does: 'GET /v1/products/:id with the `ETag` of the answer before',
    ours: '304 without a body',
    baseline: 'the whole answer',
    holds: async ({ call, createProduct }) => {
      const path = `/v1/products/${(await createProduct()).id}`
      const etag = (await call('GET', path)).headers.get('etag') ?? '"none"'
      return (await call('GET', path, { headers: { 'if-none-match': etag } })).status === 304
    },
  },
  {
    name: 'a list is never older than a write',
    does: 'GET /v1/products for a word, add a product with that word, GET again',
    ours: 'the product is there',
    baseline: 'the list from before, for a minute',
    holds: async ({ call, createProduct }) => {
      const word = uniqueWord()
      const find = () => call('GET', `/v1/products?q=${word}`)
      await find()
      const { id } = await createProduct({ name: word })
      return (await find()).body.data.some((product: { readonly id: string }) => product.id === id)
    },
  },
  {
    name: 'a stolen refresh token ends the session',
    does: 'shows an old refresh token, which ends its session, and then goes on with the access token',
    ours: '401 within five seconds',
    baseline: 'the access token is good until it expires, ten minutes',
    holds: async ({ call }) => {
      const { token, refreshToken } = await createPerson(call, unique('Grace'))
      const refresh = async (given: string) =>
        call('POST', '/v1/auth/refresh', { body: { refreshToken: given } })
      const second = (await refresh(refreshToken)).body.data.refreshToken
      await refresh(second)
      const replayed = await refresh(refreshToken)
      if (replayed.status !== 401) throw new Error(`the old token was taken: ${replayed.text}`)
      return isRefusedInTime(call, token)
    },
  },
]
