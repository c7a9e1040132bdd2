import { and, eq, gt, inArray, isNotNull, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Transaction } from '../shared/database/client.js'
import { webhookAttempts, webhookDeliveries, webhookMessages } from './deliveries.table.js'
import { webhookEndpoints } from './endpoints.table.js'
import type { Attempt } from './webhooks.schemas.js'
import type { DeliveryFailure } from './webhooks.states.js'

/** Waiting deliveries of an endpoint are counted up to here; it takes a tenth of a second, and is done every ten. */
const MAX_COUNTED = 50_000

type AttemptFacts = Omit<Attempt, 'number' | 'createdAt'>

/** What becomes of a delivery after a try. */
export type AfterTry =
  | { readonly status: 'delivered' }
  | { readonly status: 'failed'; readonly failure: DeliveryFailure }
  | { readonly status: 'pending'; readonly nextInMs: number }

// Not the transaction's begin: it may have waited for a lock, or for somebody's server.
export const now = sql`clock_timestamp()`
export const inMs = (ms: number): SQL => sql`clock_timestamp() + ${ms} * interval '1 millisecond'`
/** Milliseconds until that time; 0 when there is none, less when it is over. */
export const msUntil = (column: AnyPgColumn): SQL<number> =>
  sql<number>`coalesce(extract(epoch from ${column} - clock_timestamp()) * 1000, 0)::float8`

const changesOf = (after: AfterTry) =>
  after.status === 'pending'
    ? { nextAttemptAt: inMs(after.nextInMs) }
    : {
        status: after.status,
        failure: after.status === 'failed' ? after.failure : null,
        nextAttemptAt: null,
        endedAt: now,
      }

/** Deliveries as the worker that sends them needs them. Whoever locks both locks the delivery before its endpoint. */
export const createTriesRepository = (transaction: Transaction) => ({
  /** Holds a delivery that is still to be sent until the transaction ends. */
  lockPending: async (id: string) => {
    const [row] = await transaction
      .select({
        id: webhookDeliveries.id,
        endpointId: webhookDeliveries.endpointId,
        messageId: webhookDeliveries.messageId,
        round: webhookDeliveries.round,
        tries: webhookDeliveries.tries,
        body: webhookMessages.body,
        /** Milliseconds for which it is in a worker's hand; 0 or less when it is in nobody's. */
        claimedMs: msUntil(webhookDeliveries.claimedUntil),
        /** Milliseconds until it is to be tried; 0 or less when its time has come. */
        dueMs: msUntil(webhookDeliveries.nextAttemptAt),
      })
      .from(webhookDeliveries)
      .innerJoin(webhookMessages, eq(webhookMessages.id, webhookDeliveries.messageId))
      .where(and(eq(webhookDeliveries.id, id), eq(webhookDeliveries.status, 'pending')))
      .for('no key update', { of: webhookDeliveries })
    return row
  },

  /** How many of the endpoint's deliveries are on their way. */
  countInFlight: (endpointId: string): Promise<number> =>
    transaction.$count(
      webhookDeliveries,
      and(
        eq(webhookDeliveries.endpointId, endpointId),
        isNotNull(webhookDeliveries.claimedUntil),
        gt(webhookDeliveries.claimedUntil, now),
      ),
    ),

  /** The same, for all endpoints of a user: as few as one user may have. */
  countInFlightOf: (userId: string): Promise<number> => {
    const own = transaction
      .select({ id: webhookEndpoints.id })
      .from(webhookEndpoints)
      .where(eq(webhookEndpoints.userId, userId))
    return transaction.$count(
      webhookDeliveries,
      and(
        inArray(webhookDeliveries.endpointId, own),
        isNotNull(webhookDeliveries.claimedUntil),
        gt(webhookDeliveries.claimedUntil, now),
      ),
    )
  },

  /** How many of the endpoint's are still to be sent, counted up to `MAX_COUNTED`. */
  countPending: async (endpointId: string): Promise<number> => {
    const pending = transaction
      .select({ id: webhookDeliveries.id })
      .from(webhookDeliveries)
      .where(and(eq(webhookDeliveries.endpointId, endpointId), eq(webhookDeliveries.status, 'pending')))
      .limit(MAX_COUNTED)
      .as('pending')
    return transaction.$count(pending)
  },

  /** Takes it in hand for so long: should the worker die, its place is free again after that. */
  claim: async (id: string, leaseMs: number): Promise<void> => {
    await transaction
      .update(webhookDeliveries)
      .set({ claimedUntil: inMs(leaseMs) })
      .where(eq(webhookDeliveries.id, id))
  },

  /** Says when it will be tried; lock it first. */
  putOff: async (id: string, ms: number): Promise<void> => {
    await transaction
      .update(webhookDeliveries)
      .set({ nextAttemptAt: inMs(ms) })
      .where(eq(webhookDeliveries.id, id))
  },

  release: async (id: string): Promise<void> => {
    await transaction
      .update(webhookDeliveries)
      .set({ claimedUntil: null })
      .where(eq(webhookDeliveries.id, id))
  },

  /** Ends a delivery without a try. */
  giveUp: async (id: string, failure: DeliveryFailure): Promise<void> => {
    await transaction
      .update(webhookDeliveries)
      .set(changesOf({ status: 'failed', failure }))
      .where(eq(webhookDeliveries.id, id))
  },

  /** Writes a try down, and what becomes of the delivery. Lock it first. */
  recordTry: async (id: string, attempt: AttemptFacts, after: AfterTry): Promise<void> => {
    const [row] = await transaction
      .update(webhookDeliveries)
      .set({
        tries: sql`${webhookDeliveries.tries} + 1`,
        attempts: sql`${webhookDeliveries.attempts} + 1`,
        claimedUntil: null,
        ...changesOf(after),
      })
      .where(eq(webhookDeliveries.id, id))
      .returning({ number: webhookDeliveries.attempts })
    if (!row) throw new Error('the delivery was not locked before')
    await transaction
      .insert(webhookAttempts)
      .values({ deliveryId: id, number: row.number, ...attempt, createdAt: now })
  },
})

export type TriesRepository = ReturnType<typeof createTriesRepository>
