import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { Transaction } from '../shared/database/client.js'
import { webhookEndpoints } from './endpoints.table.js'
import { inMs, msUntil, now } from './tries.repository.js'
import type { DisabledReason } from './webhooks.states.js'

/** The endpoint as it is now; whoever wants to hold it adds the lock. */
const select = (transaction: Transaction, id: string) =>
  transaction
    .select({
      id: webhookEndpoints.id,
      userId: webhookEndpoints.userId,
      url: webhookEndpoints.url,
      enabled: webhookEndpoints.enabled,
      secret: webhookEndpoints.secret,
      /** The one before, while it still signs. */
      previousSecret: sql<
        string | null
      >`case when ${webhookEndpoints.previousSecretExpiresAt} > now() then ${webhookEndpoints.previousSecret} end`,
      consecutiveFailures: webhookEndpoints.consecutiveFailures,
      openMs: msUntil(webhookEndpoints.openUntil),
      failingForMs: sql<number>`coalesce(extract(epoch from ${now} - ${webhookEndpoints.failingSince}) * 1000, 0)::float8`,
    })
    .from(webhookEndpoints)
    .where(eq(webhookEndpoints.id, id))

/** Endpoints as the worker that sends to them needs them. */
export const createCircuitsRepository = (transaction: Transaction) => ({
  /** A look, after which anything may change. */
  findEndpoint: async (id: string) => {
    const [row] = await select(transaction, id)
    return row
  },

  /** Of two that look for a place at one owner's endpoints at once, the second waits until the first's transaction ends. */
  lockPlacesOf: async (userId: string): Promise<void> => {
    const key = `webhooks.places.of.${userId}`
    await transaction.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`)
  },

  /** Holds the endpoint until the transaction ends. */
  lockEndpoint: async (id: string) => {
    const [row] = await select(transaction, id).for('no key update')
    return row
  },

  /**
   * Forgets the failures; writes nothing where there are none, as most often. What was asked for by Retry-After stays:
   * this success may have been sent before.
   */
  noteSuccess: async (endpointId: string): Promise<void> => {
    await transaction
      .update(webhookEndpoints)
      .set({ consecutiveFailures: 0, failingSince: null })
      .where(and(eq(webhookEndpoints.id, endpointId), isNotNull(webhookEndpoints.failingSince)))
  },

  /** Counts a failure, and keeps the circuit open for `openMs` from now, or longer if it is so already. */
  noteFailure: async (endpointId: string, openMs: number): Promise<void> => {
    await transaction
      .update(webhookEndpoints)
      .set({
        consecutiveFailures: sql`${webhookEndpoints.consecutiveFailures} + 1`,
        failingSince: sql`coalesce(${webhookEndpoints.failingSince}, ${now})`,
        ...(openMs > 0 && { openUntil: sql`greatest(${webhookEndpoints.openUntil}, ${inMs(openMs)})` }),
      })
      .where(eq(webhookEndpoints.id, endpointId))
  },

  disable: async (endpointId: string, reason: DisabledReason): Promise<void> => {
    await transaction
      .update(webhookEndpoints)
      .set({
        enabled: false,
        disabledReason: reason,
        version: sql`${webhookEndpoints.version} + 1`,
        updatedAt: sql`now()`,
      })
      .where(eq(webhookEndpoints.id, endpointId))
  },
})

export type CircuitsRepository = ReturnType<typeof createCircuitsRepository>
