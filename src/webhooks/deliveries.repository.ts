import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { firstIdAt } from '../shared/database/ids.js'
import { webhookAttempts, webhookDeliveries, webhookMessages } from './deliveries.table.js'
import type { Attempt, Delivery, DeliveryDetail } from './webhooks.schemas.js'
import type { DeliveryStatus } from './webhooks.states.js'

const MAX_LOG = 50

type MessageRow = typeof webhookMessages.$inferSelect
type DeliveryRow = typeof webhookDeliveries.$inferSelect
type AttemptRow = typeof webhookAttempts.$inferSelect

export interface DeliveriesFilter {
  readonly endpointId: string
  readonly status: DeliveryStatus | undefined
  /** Goes on behind this delivery. */
  readonly after: string | undefined
  readonly limit: number
}

export type NewMessage = Pick<MessageRow, 'id' | 'userId' | 'eventId' | 'type' | 'body'>
export type NewDelivery = Pick<DeliveryRow, 'id' | 'messageId' | 'endpointId'>

const toAttempt = ({ number, status, error, durationMs, answer, createdAt }: AttemptRow): Attempt => ({
  number,
  status,
  error,
  durationMs,
  answer,
  createdAt: createdAt.toISOString(),
})

const toFacts = (row: DeliveryRow, type: MessageRow['type']) => ({
  id: row.id,
  messageId: row.messageId,
  type,
  status: row.status,
  failure: row.failure,
  attempts: row.attempts,
  nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
  endedAt: row.endedAt?.toISOString() ?? null,
})

const isLast = and(
  eq(webhookAttempts.deliveryId, webhookDeliveries.id),
  eq(webhookAttempts.number, webhookDeliveries.attempts),
)
const isOf = (endpointId: string, id: string) =>
  and(eq(webhookDeliveries.id, id), eq(webhookDeliveries.endpointId, endpointId))

/** Deliveries as the owner of an endpoint sees them. */
export const createDeliveriesRepository = (executor: Executor) => ({
  /** @returns false when the user's event was published before */
  insertMessage: async (message: NewMessage): Promise<boolean> => {
    const rows = await executor
      .insert(webhookMessages)
      .values(message)
      .onConflictDoNothing()
      .returning({ id: webhookMessages.id })
    return rows.length > 0
  },

  insertDeliveries: async (deliveries: readonly NewDelivery[]): Promise<void> => {
    await executor.insert(webhookDeliveries).values([...deliveries])
  },

  /** Newest first. */
  listDeliveries: async ({ endpointId, status, after, limit }: DeliveriesFilter): Promise<Delivery[]> => {
    const rows = await executor
      .select({ delivery: webhookDeliveries, type: webhookMessages.type, last: webhookAttempts })
      .from(webhookDeliveries)
      .innerJoin(webhookMessages, eq(webhookMessages.id, webhookDeliveries.messageId))
      .leftJoin(webhookAttempts, isLast)
      .where(
        and(
          eq(webhookDeliveries.endpointId, endpointId),
          status && eq(webhookDeliveries.status, status),
          after === undefined ? undefined : lt(webhookDeliveries.id, after),
        ),
      )
      .orderBy(desc(webhookDeliveries.id))
      .limit(limit)
    return rows.map(({ delivery, type, last }) => ({
      ...toFacts(delivery, type),
      lastAttempt: last && toAttempt(last),
    }))
  },

  /** With its tries, the last `MAX_LOG` of them. */
  findDelivery: async (endpointId: string, id: string): Promise<DeliveryDetail | undefined> => {
    const [row] = await executor
      .select({ delivery: webhookDeliveries, type: webhookMessages.type, body: webhookMessages.body })
      .from(webhookDeliveries)
      .innerJoin(webhookMessages, eq(webhookMessages.id, webhookDeliveries.messageId))
      .where(isOf(endpointId, id))
    if (!row) return undefined
    const attempts = await executor
      .select()
      .from(webhookAttempts)
      .where(eq(webhookAttempts.deliveryId, id))
      .orderBy(desc(webhookAttempts.number))
      .limit(MAX_LOG)
    return { ...toFacts(row.delivery, row.type), body: row.body, log: attempts.map(toAttempt) }
  },

  /** Makes it pending again, with all tries before it. @returns the new round; undefined when there is no such delivery */
  beginRound: async (endpointId: string, id: string): Promise<number | undefined> => {
    const [row] = await executor
      .update(webhookDeliveries)
      .set({
        status: 'pending',
        round: sql`${webhookDeliveries.round} + 1`,
        tries: 0,
        nextAttemptAt: sql`now()`,
        endedAt: null,
        failure: null,
      })
      .where(isOf(endpointId, id))
      .returning({ round: webhookDeliveries.round })
    return row?.round
  },

  /** Deletes up to `limit` messages from before `before`, with all that became of them. @returns how many it deleted */
  deleteMessagesBefore: async (before: Date, limit: number): Promise<number> => {
    const old = executor
      .select({ id: webhookMessages.id })
      .from(webhookMessages)
      // Ids tell when they were made.
      .where(lt(webhookMessages.id, firstIdAt(before)))
      .limit(limit)
    const deleted = await executor
      .delete(webhookMessages)
      .where(inArray(webhookMessages.id, old))
      .returning({ id: webhookMessages.id })
    return deleted.length
  },
})

export type DeliveriesRepository = ReturnType<typeof createDeliveriesRepository>
