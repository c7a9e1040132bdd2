import type { World } from './app.js'
import type { Logged } from './order-log.js'
import type { ReceivedMail } from './smtp-mailbox.js'

export interface Comparison {
  readonly ok: number
  readonly failed: number
  readonly unknown: number
  /** Orders that exist. */
  readonly stored: number
  /** Of the unknown ones. */
  readonly unknownStored: number
  /** What must not be: each names its order or product. */
  readonly faults: readonly string[]
  /** Ids of orders that were confirmed more than once, one for each mail too many. */
  readonly mailedAgain: readonly string[]
}

const faultOf = ({ fate, productId, orderId, why }: Logged, stored: readonly string[]): string[] => {
  const name = `${fate} (${why}), product ${productId}`
  if (stored.length > 1) return [`${name}: ${stored.length} orders`]
  if (fate === 'ok' && stored[0] !== orderId) return [`${name}: order ${orderId} is missing`]
  return fate === 'failed' && stored.length > 0 ? [`${name}: there is an order`] : []
}

/** @returns how often an order was confirmed */
const countMails = (mails: readonly ReceivedMail[]): ((orderId: string) => number) => {
  const counts = new Map<string, number>()
  for (const { messageId } of mails) counts.set(messageId, (counts.get(messageId) ?? 0) + 1)
  return (orderId) => counts.get(`send-order-confirmation-${orderId}@unnest.example`) ?? 0
}

/** Compares what clients were told with what Postgres has and the mail server got. */
export const compare = async (
  { database: { sql } }: World,
  log: readonly Logged[],
  mails: readonly ReceivedMail[],
): Promise<Comparison> => {
  const productIds = log.map(({ productId }) => productId)
  const rows = await sql<{ product_id: string; order_id: string }[]>`
    select product_id, order_id from order_items where product_id = any(${productIds}::uuid[])`
  const orders = new Map<string, readonly string[]>()
  for (const { product_id, order_id } of rows)
    orders.set(product_id, [...(orders.get(product_id) ?? []), order_id])
  const ordersOf = (productId: string) => orders.get(productId) ?? []
  const mailsOf = countMails(mails)

  const orderIds = rows.map(({ order_id }) => order_id)
  const count = (fate: Logged['fate']) => log.filter((logged) => logged.fate === fate).length
  return {
    ok: count('ok'),
    failed: count('failed'),
    unknown: count('unknown'),
    stored: orderIds.length,
    unknownStored: log.filter(({ fate, productId }) => fate === 'unknown' && orders.has(productId)).length,
    faults: [
      ...log.flatMap((logged) => faultOf(logged, ordersOf(logged.productId))),
      ...orderIds.filter((id) => mailsOf(id) === 0).map((id) => `order ${id}: no mail`),
    ],
    mailedAgain: orderIds.flatMap((id) => Array<string>(Math.max(0, mailsOf(id) - 1)).fill(id)),
  }
}
