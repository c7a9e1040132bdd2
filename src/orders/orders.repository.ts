import { and, asc, eq, inArray, type SQL } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { translateViolations } from '../shared/database/failures.js'
import { unauthenticated } from '../shared/errors.js'
import type { Order, OrderItem } from './orders.schemas.js'
import { orderItems, orders } from './orders.table.js'

type OrderRow = typeof orders.$inferSelect
type ItemRow = typeof orderItems.$inferSelect

/** An order with the version that its ETag names. */
export type VersionedOrder = Order & { readonly version: number }

export const isOf = (userId: string | undefined): SQL | undefined =>
  userId === undefined ? undefined : eq(orders.userId, userId)

const toItem = (row: ItemRow, currency: string): OrderItem => ({
  productId: row.productId,
  sku: row.sku,
  name: row.name,
  unitPrice: { amount: row.unitPriceAmount, currency },
  quantity: row.quantity,
})

const toOrder = (row: OrderRow, items: readonly ItemRow[]): VersionedOrder => ({
  id: row.id,
  userId: row.userId,
  status: row.status,
  items: items.map((item) => toItem(item, row.currency)),
  total: { amount: row.totalAmount, currency: row.currency },
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  version: row.version,
})

const toItemRows = ({ id, items }: NewOrderRow): ItemRow[] =>
  items.map(({ productId, sku, name, unitPrice, quantity }, position) => ({
    orderId: id,
    position,
    productId,
    sku,
    name,
    unitPriceAmount: unitPrice.amount,
    quantity,
  }))

export type NewOrderRow = Pick<Order, 'id' | 'userId' | 'items' | 'total'>

const groupByOrder = (rows: readonly ItemRow[]): ReadonlyMap<string, ItemRow[]> => {
  const groups = new Map<string, ItemRow[]>()
  for (const row of rows) {
    const group = groups.get(row.orderId)
    if (group) group.push(row)
    else groups.set(row.orderId, [row])
  }
  return groups
}

/** The items of all orders in one query, whatever their number. */
export const withItems = async (executor: Executor, rows: readonly OrderRow[]): Promise<VersionedOrder[]> => {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const items = await executor
    .select()
    .from(orderItems)
    .where(inArray(orderItems.orderId, ids))
    .orderBy(asc(orderItems.orderId), asc(orderItems.position))
  const itemsOf = groupByOrder(items)
  return rows.map((row) => toOrder(row, itemsOf.get(row.id) ?? []))
}

export const createOrdersRepository = (executor: Executor) => ({
  /** Writes a placed order and its items; only sensible inside a transaction. */
  insertOrder: async (order: NewOrderRow): Promise<VersionedOrder> => {
    const { id, userId, total } = order
    const values = {
      id,
      userId,
      status: 'placed' as const,
      totalAmount: total.amount,
      currency: total.currency,
    }
    // A token may outlive its user, for instance in a database that was restored.
    const [row] = await translateViolations({ orders_user_id_fkey: () => unauthenticated() }, () =>
      executor.insert(orders).values(values).returning(),
    )
    if (!row) throw new Error('insert returned no order')
    const items = toItemRows(order)
    await executor.insert(orderItems).values(items)
    return toOrder(row, items)
  },

  /** The order, if it exists and, when `userId` is given, belongs to that user. */
  findOrder: async (id: string, userId?: string): Promise<VersionedOrder | undefined> => {
    const rows = await executor
      .select()
      .from(orders)
      .where(and(eq(orders.id, id), isOf(userId)))
    const [order] = await withItems(executor, rows)
    return order
  },

  /** The same for its version alone. */
  findVersion: async (id: string, userId?: string): Promise<number | undefined> => {
    const [row] = await executor
      .select({ version: orders.version })
      .from(orders)
      .where(and(eq(orders.id, id), isOf(userId)))
    return row?.version
  },
})

export type OrdersRepository = ReturnType<typeof createOrdersRepository>
