import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { defineInsert } from '../shared/database/insert-rows.js'
import { orderEvents } from './history.table.js'
import type { OrderEvent } from './orders.schemas.js'
import type { OrderStatus } from './orders.status.js'

/** An order has moved: from where, to where, by whom. */
export interface Move {
  readonly orderId: string
  /** The order's version since then, which numbers its events. */
  readonly version: number
  /** Null: the service itself. */
  readonly actorId: string | null
  /** Null: it was placed. */
  readonly from: OrderStatus | null
  readonly to: OrderStatus
}

/** An event with its number in the order's history. */
export type NumberedEvent = OrderEvent & { readonly version: number }

const insertEvents = defineInsert(
  orderEvents,
  ['orderId', 'version', 'actorId', 'fromStatus', 'toStatus'],
  // Not the transaction's begin: an event that waited for another would tell of a time before it.
  { computed: { createdAt: sql`clock_timestamp()` } },
)

export const createHistoryRepository = (executor: Executor) => ({
  insertEvents: (moves: readonly Move[]): Promise<void> =>
    insertEvents(
      executor,
      moves.map(({ from, to, ...move }) => ({ ...move, fromStatus: from, toStatus: to })),
    ),

  /** Oldest first, from behind that version. */
  listEvents: async (orderId: string, after: number | undefined, limit: number): Promise<NumberedEvent[]> => {
    const rows = await executor
      .select()
      .from(orderEvents)
      .where(
        and(
          eq(orderEvents.orderId, orderId),
          after === undefined ? undefined : gt(orderEvents.version, after),
        ),
      )
      .orderBy(asc(orderEvents.version))
      .limit(limit)
    return rows.map(({ version, actorId, fromStatus, toStatus, createdAt }) => ({
      version,
      actorId,
      from: fromStatus,
      to: toStatus,
      createdAt,
    }))
  },
})

export type HistoryRepository = ReturnType<typeof createHistoryRepository>
