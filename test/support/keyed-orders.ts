import type { Answer, Call } from './app.js'
import type { Member } from './crowd.js'
import { until } from './until.js'

/** An order that is sent with an Idempotency-Key. */
export interface KeyedOrder {
  readonly buyer: Member
  readonly key: string
  readonly productId: string
  readonly quantity: number
}

export const placeKeyed = (call: Call, { buyer, key, productId, quantity }: KeyedOrder): Promise<Answer> =>
  call('POST', '/v1/orders', {
    token: buyer.token,
    headers: { 'idempotency-key': key },
    body: { items: [{ productId, quantity }] },
  })

/** Tries again for as long as the answer is 409, sooner than it is asked to. @returns the other answer, and those */
export const insist = async (call: Call, order: KeyedOrder) => {
  const refusals: Answer[] = []
  const answer = await until(`an answer to ${order.key}`, async () => {
    const answer = await placeKeyed(call, order)
    if (answer.status !== 409) return answer
    refusals.push(answer)
    return undefined
  })
  return { answer, refusals }
}
