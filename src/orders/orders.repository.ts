import { and, asc, desc, eq, gte, inArray, lt, type SQL } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { translateViolations } from '../shared/database/failures.js'
import { firstIdAt } from '../shared/database/ids.js'
import { unauthenticated } from '../shared/errors.js'
import type { Order, OrderItem } from './orders.schemas.js'
import type { OrderStatus } from './orders.status.js'
import { orderItems, orders } from './orders.table.js'

type OrderRow = typeof orders.$inferSelect
type ItemRow = typeof orderItems.$inferSelect

/** An order with the version that its ETag names. */
export type VersionedOrder = Order & { readonly version: number }

export interface OrdersFilter {
  /** All users' orders, if absent. */
  readonly userId?: string | undefined
  /** In any of these states. */
  readonly statuses?: readonly OrderStatus[] | undefined
  /** To the millisecond, which is all that an order tells of its time; neither limit is included. */
  readonly createdAfter?: Date | undefined
  readonly createdBefore?: Date | undefined
  /** Goes on behind this order. */
  readonly after?: string | undefined
  readonly limit: number
}

/**
 * How far the clock of the pod that made an id may be off Postgres' own, which made the time. An id has its time in it,
 * so a range of times is a range of the index that the list is read by; the time itself decides.
 */
const CLOCKS_APART_MS = 10 * 60_000

const later = (date: Date, ms: number): Date => new Date(date.getTime() + ms)

const isCreatedAfter = (date: Date): SQL | undefined =>
  and(gte(orders.createdAt, later(date, 1)), gte(orders.id, firstIdAt(later(date, -CLOCKS_APART_MS))))

const isCreatedBefore = (date: Date): SQL | undefined =>
  and(lt(orders.createdAt, date), lt(orders.id, firstIdAt(later(date, CLOCKS_APART_MS))))

const isOf = (userId: string | undefined): SQL | undefined =>
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

export const createOrdersRepository = (executor: Executor) => {
  /** The items of all orders in one query, whatever their number. */
  const withItems = async (rows: readonly OrderRow[]): Promise<VersionedOrder[]> => {
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

  return {
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
      const [order] = await withItems(rows)
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

    /** Newest first. */
    listOrders: async (filter: OrdersFilter): Promise<VersionedOrder[]> => {
      const { userId, statuses, createdAfter, createdBefore, after, limit } = filter
      const rows = await executor
        .select()
        .from(orders)
        .where(
          and(
            isOf(userId),
            statuses && inArray(orders.status, [...statuses]),
            createdAfter && isCreatedAfter(createdAfter),
            createdBefore && isCreatedBefore(createdBefore),
            after === undefined ? undefined : lt(orders.id, after),
          ),
        )
        .orderBy(desc(orders.id))
        .limit(limit)
      return withItems(rows)
    },
  }
}

export type OrdersRepository = ReturnType<typeof createOrdersRepository>
