import { and, arrayContains, count, desc, eq, lt, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { translateViolations } from '../shared/database/failures.js'
import { unauthenticated } from '../shared/errors.js'
import { webhookEndpoints } from './endpoints.table.js'
import type { WebhookEvent } from './webhooks.events.js'
import type { Webhook } from './webhooks.schemas.js'

/** A webhook with the version that its ETag names. */
export type VersionedWebhook = Webhook & { readonly version: number }

type Row = typeof webhookEndpoints.$inferSelect
export type EndpointChanges = Partial<
  Pick<Row, 'url' | 'events' | 'description' | 'enabled' | 'disabledReason'>
>
export type NewEndpoint = Pick<Row, 'id' | 'userId' | 'url' | 'events' | 'description' | 'secret'>

const columns = {
  id: webhookEndpoints.id,
  url: webhookEndpoints.url,
  events: webhookEndpoints.events,
  description: webhookEndpoints.description,
  enabled: webhookEndpoints.enabled,
  disabledReason: webhookEndpoints.disabledReason,
  previousSecretExpiresAt: webhookEndpoints.previousSecretExpiresAt,
  createdAt: webhookEndpoints.createdAt,
  updatedAt: webhookEndpoints.updatedAt,
  version: webhookEndpoints.version,
}

const toWebhook = ({
  previousSecretExpiresAt,
  createdAt,
  updatedAt,
  ...row
}: Pick<Row, keyof typeof columns>): VersionedWebhook => ({
  ...row,
  previousSecretExpiresAt: previousSecretExpiresAt?.toISOString() ?? null,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})

/** What each change that a client can see does beside. */
const touched = { version: sql`${webhookEndpoints.version} + 1`, updatedAt: sql`now()` }
/** As if nothing had ever failed. */
const closedCircuit = { consecutiveFailures: 0, failingSince: null, openUntil: null }

const isOf = (userId: string, id: string) =>
  and(eq(webhookEndpoints.id, id), eq(webhookEndpoints.userId, userId))

const written = ([row]: readonly Pick<Row, keyof typeof columns>[]): VersionedWebhook => {
  if (!row) throw new Error('nothing was written: the webhook was not locked before')
  return toWebhook(row)
}

export const createEndpointsRepository = (executor: Executor) => ({
  /** Holds others who add to the user's endpoints until the transaction ends, and counts those that are there. */
  lockAndCount: async (userId: string): Promise<number> => {
    await executor.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`webhooks.of.${userId}`}, 0))`)
    const [row] = await executor
      .select({ there: count() })
      .from(webhookEndpoints)
      .where(eq(webhookEndpoints.userId, userId))
    return row?.there ?? 0
  },

  insertEndpoint: async (endpoint: NewEndpoint): Promise<VersionedWebhook> =>
    // A token may outlive its user, for instance in a database that was restored.
    written(
      await translateViolations({ webhook_endpoints_user_id_fkey: () => unauthenticated() }, () =>
        executor.insert(webhookEndpoints).values(endpoint).returning(columns),
      ),
    ),

  findEndpoint: async (userId: string, id: string): Promise<VersionedWebhook | undefined> => {
    const [row] = await executor.select(columns).from(webhookEndpoints).where(isOf(userId, id))
    return row && toWebhook(row)
  },

  /** Holds it until the transaction ends. */
  lockEndpoint: async (userId: string, id: string): Promise<VersionedWebhook | undefined> => {
    const [row] = await executor
      .select(columns)
      .from(webhookEndpoints)
      .where(isOf(userId, id))
      .for('no key update')
    return row && toWebhook(row)
  },

  /** Newest first, from behind that one. */
  listEndpoints: async (userId: string, limit: number, after?: string): Promise<VersionedWebhook[]> => {
    const rows = await executor
      .select(columns)
      .from(webhookEndpoints)
      .where(
        and(
          eq(webhookEndpoints.userId, userId),
          after === undefined ? undefined : lt(webhookEndpoints.id, after),
        ),
      )
      .orderBy(desc(webhookEndpoints.id))
      .limit(limit)
    return rows.map(toWebhook)
  },

  /** Those of the user that want to hear of it: as few as one user may have. */
  listSubscribed: async (userId: string, event: WebhookEvent): Promise<string[]> => {
    const rows = await executor
      .select({ id: webhookEndpoints.id })
      .from(webhookEndpoints)
      .where(
        and(
          eq(webhookEndpoints.userId, userId),
          eq(webhookEndpoints.enabled, true),
          arrayContains(webhookEndpoints.events, [event]),
        ),
      )
    return rows.map(({ id }) => id)
  },

  /** Lock it first. Another address, and enabling it again, forget whatever failed there before; nothing else does. */
  updateEndpoint: async (id: string, changes: EndpointChanges): Promise<VersionedWebhook> =>
    written(
      await executor
        .update(webhookEndpoints)
        .set({ ...changes, ...touched, ...((changes.url !== undefined || changes.enabled) && closedCircuit) })
        .where(eq(webhookEndpoints.id, id))
        .returning(columns),
    ),

  /** Lock it first. The secret that it had signs for `hours` more; the one before that does not any more. */
  replaceSecret: async (id: string, secret: string, hours: number): Promise<VersionedWebhook> =>
    written(
      await executor
        .update(webhookEndpoints)
        .set({
          secret,
          previousSecret: webhookEndpoints.secret,
          previousSecretExpiresAt: sql`now() + make_interval(hours => ${hours})`,
          ...touched,
        })
        .where(eq(webhookEndpoints.id, id))
        .returning(columns),
    ),

  deleteEndpoint: async (id: string): Promise<void> => {
    await executor.delete(webhookEndpoints).where(eq(webhookEndpoints.id, id))
  },
})

export type EndpointsRepository = ReturnType<typeof createEndpointsRepository>
