import { and, asc, eq, inArray, lt, sql } from 'drizzle-orm'
import type { Transaction } from '../shared/database/client.js'
import { isOf } from './orders.repository.js'
import type { OrderStatus } from './orders.status.js'
import { orderItems, orders } from './orders.table.js'

/** What the rules of the states look at. */
export type OrderState = Pick<typeof orders.$inferSelect, 'id' | 'userId' | 'status' | 'version'>

const columns = { id: orders.id, userId: orders.userId, status: orders.status, version: orders.version }

export const createTransitionsRepository = (transaction: Transaction) => ({
  /**
   * Holds the order until the transaction ends: of two that move it at once, the second sees what the first made of it.
   * @returns undefined when there is none or, when `userId` is given, it is somebody else's
   */
  lockOrder: async (id: string, userId: string | undefined): Promise<OrderState | undefined> => {
    const [row] = await transaction
      .select(columns)
      .from(orders)
      .where(and(eq(orders.id, id), isOf(userId)))
      .for('no key update')
    return row
  },

  /**
   * Holds up to `limit` orders that were placed so many minutes ago, oldest first. One that somebody moves at this
   * moment is passed over.
   */
  lockOverdue: (minutes: number, limit: number): Promise<OrderState[]> =>
    transaction
      .select(columns)
      .from(orders)
      .where(
        and(
          eq(orders.status, 'placed'),
          lt(orders.createdAt, sql`now() - make_interval(mins => ${minutes})`),
        ),
      )
      .orderBy(asc(orders.createdAt))
      .limit(limit)
      .for('no key update', { skipLocked: true }),

  /** Puts orders that the caller has locked into that state, a version further. */
  moveOrders: async (ids: readonly string[], to: OrderStatus): Promise<void> => {
    await transaction
      .update(orders)
      .set({ status: to, version: sql`${orders.version} + 1`, updatedAt: sql`clock_timestamp()` })
      .where(inArray(orders.id, [...ids]))
  },

  /** Pieces by product id, of all these orders together. */
  countPieces: async (ids: readonly string[]): Promise<ReadonlyMap<string, number>> => {
    const rows = await transaction
      .select({
        productId: orderItems.productId,
        pieces: sql<number>`sum(${orderItems.quantity})::int`,
      })
      .from(orderItems)
      .where(inArray(orderItems.orderId, [...ids]))
      .groupBy(orderItems.productId)
    return new Map(rows.map(({ productId, pieces }) => [productId, pieces]))
  },
})

export type TransitionsRepository = ReturnType<typeof createTransitionsRepository>
