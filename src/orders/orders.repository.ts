import { type AnyColumn, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { defineQuery, type Places, queries } from '../shared/database/statement.js'
import type { Order, OrderItem } from './orders.schemas.js'
import { orderItems, orders } from './orders.table.js'

/** An order with the version that its ETag names. */
export type VersionedOrder = Order & { readonly version: number }

export const isOf = (userId: string | undefined): SQL | undefined =>
  userId === undefined ? undefined : eq(orders.userId, userId)

/**
 * The items of each order that a query finds, in the same query: in the shape in which clients see them, which saves taking
 * them apart and putting them together row by row.
 */
export const itemsOf = (order: { readonly id: AnyColumn; readonly currency: AnyColumn }) => {
  const items = sql`
    select coalesce(json_agg(json_build_object(
      'productId', ${orderItems.productId}, 'sku', ${orderItems.sku}, 'name', ${orderItems.name},
      'unitPrice', json_build_object('amount', ${orderItems.unitPriceAmount}, 'currency', ${order.currency}),
      'quantity', ${orderItems.quantity}) order by ${orderItems.position}), '[]')
    from ${orderItems} where ${orderItems.orderId} = ${order.id}`
  // One inside the other: of the outer one drizzle leaves the names of the tables out.
  return sql<OrderItem[]>`(${items})`
}

/** An order and its items. */
export const orderColumns = { ...getTableColumns(orders), items: itemsOf(orders) }

type OrderRow = typeof orders.$inferSelect & { readonly items: OrderItem[] }

export const toOrder = ({ totalAmount, currency, ...row }: OrderRow): VersionedOrder => ({
  ...row,
  total: { amount: totalAmount, currency },
})

const selectOrder = defineQuery(orderColumns, (place: Places<{ id: string }>) =>
  queries
    .select(orderColumns)
    .from(orders)
    .where(eq(orders.id, place('id'))),
)

const versionColumns = { userId: orders.userId, version: orders.version }

const selectVersion = defineQuery(versionColumns, (place: Places<{ id: string }>) =>
  queries
    .select(versionColumns)
    .from(orders)
    .where(eq(orders.id, place('id'))),
)

/** Anybody's is, where nobody is named. */
const isTheirs = (row: { readonly userId: string }, userId: string | undefined): boolean =>
  userId === undefined || row.userId === userId

export const createOrdersRepository = (executor: Executor) => ({
  /** The order, if it exists and, when `userId` is given, belongs to that user. */
  findOrder: async (id: string, userId?: string): Promise<VersionedOrder | undefined> => {
    const [row] = await selectOrder(executor, { id })
    return row && isTheirs(row, userId) ? toOrder(row) : undefined
  },

  /** The same for its version alone. */
  findVersion: async (id: string, userId?: string): Promise<number | undefined> => {
    const [row] = await selectVersion(executor, { id })
    return row && isTheirs(row, userId) ? row.version : undefined
  },
})

export type OrdersRepository = ReturnType<typeof createOrdersRepository>
