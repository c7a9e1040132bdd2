import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { webhookAttempts, webhookDeliveries, webhookMessages } from './deliveries.table.js'
import { webhookEndpoints } from './endpoints.table.js'
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

/** While nothing is sent to the endpoint, it is then at the earliest. */
const expectedAt = ({ nextAttemptAt }: DeliveryRow, openUntil: Date | null): Date | null =>
  nextAttemptAt && openUntil && openUntil > nextAttemptAt ? openUntil : nextAttemptAt

interface Row {
  readonly delivery: DeliveryRow
  readonly type: MessageRow['type']
  readonly openUntil: Date | null
}

const columns = {
  delivery: webhookDeliveries,
  type: webhookMessages.type,
  openUntil: webhookEndpoints.openUntil,
}

const toFacts = ({ delivery: row, type, openUntil }: Row) => ({
  id: row.id,
  messageId: row.messageId,
  type,
  status: row.status,
  failure: row.failure,
  attempts: row.attempts,
  nextAttemptAt: expectedAt(row, openUntil)?.toISOString() ?? null,
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
      .select({ ...columns, last: webhookAttempts })
      .from(webhookDeliveries)
      .innerJoin(webhookMessages, eq(webhookMessages.id, webhookDeliveries.messageId))
      .innerJoin(webhookEndpoints, eq(webhookEndpoints.id, webhookDeliveries.endpointId))
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
    return rows.map(({ last, ...row }) => ({ ...toFacts(row), lastAttempt: last && toAttempt(last) }))
  },

  /** With its tries, the last `MAX_LOG` of them. */
  findDelivery: async (endpointId: string, id: string): Promise<DeliveryDetail | undefined> => {
    const [row] = await executor
      .select({ ...columns, body: webhookMessages.body })
      .from(webhookDeliveries)
      .innerJoin(webhookMessages, eq(webhookMessages.id, webhookDeliveries.messageId))
      .innerJoin(webhookEndpoints, eq(webhookEndpoints.id, webhookDeliveries.endpointId))
      .where(isOf(endpointId, id))
    if (!row) return undefined
    const attempts = await executor
      .select()
      .from(webhookAttempts)
      .where(eq(webhookAttempts.deliveryId, id))
      .orderBy(desc(webhookAttempts.number))
      .limit(MAX_LOG)
    return { ...toFacts(row), body: row.body, log: attempts.map(toAttempt) }
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
})

export type DeliveriesRepository = ReturnType<typeof createDeliveriesRepository>
