import { inArray, lt, sql } from 'drizzle-orm'
import { newId } from '../new-id.js'
import type { Origin } from '../origin.js'
import { auditLog } from './audit.table.js'
import type { Executor, Transaction } from './client.js'

/** What is recorded. Stable for ever: whoever reads the log filters by these. */
export type AuditAction =
  | 'user.registered'
  | 'user.changed'
  | 'user.role_changed'
  | 'user.disabled'
  | 'user.enabled'
  | 'user.deleted'
  | 'login.succeeded'
  | 'login.failed'
  | 'session.ended'
  | 'session.token_reused'
  | 'password.changed'
  | 'password.change_failed'
  | 'password.reset_mailed'
  | 'password.reset'
  | 'password.reset_failed'
  | 'email.verified'
  | 'email.verification_failed'
  | 'product.created'
  | 'product.changed'
  | 'product.withdrawn'
  | 'jobs.requeued'
  | 'jobs.discarded'
  | 'webhook.created'
  | 'webhook.changed'
  | 'webhook.deleted'
  | 'webhook.secret_rotated'
  | 'webhook.disabled'

/** One deed: who did what to whom, from where. */
export interface AuditEntry {
  readonly action: AuditAction
  /** Null when nobody is known. */
  readonly actorId: string | null
  /** The user it was done to; null when it was done to a thing, which `details` then names. */
  readonly subjectId: string | null
  readonly sessionId?: string
  /** Null when no request caused it, as in a worker. */
  readonly origin: Origin | null
  /** Never a secret, and no personal data beyond ids. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>
}

export interface AuditTrail {
  /** Writes the entry in the transaction of the deed: neither happens without the other. */
  readonly record: (transaction: Transaction, entry: AuditEntry) => Promise<void>
}

export const createAuditTrail = (): AuditTrail => ({
  record: async (transaction, { origin, details = {}, ...entry }) => {
    const from = { address: origin?.address ?? null, requestId: origin?.requestId ?? null }
    await transaction.insert(auditLog).values({ id: newId(), ...entry, ...from, details })
  },
})

/** Deletes up to `limit` entries that are older than `days`. @returns how many it deleted */
export const pruneAuditLog = async (executor: Executor, days: number, limit: number): Promise<number> => {
  const old = executor
    .select({ id: auditLog.id })
    .from(auditLog)
    .where(lt(auditLog.createdAt, sql`now() - make_interval(days => ${days})`))
    .limit(limit)
  const deleted = await executor
    .delete(auditLog)
    .where(inArray(auditLog.id, old))
    .returning({ id: auditLog.id })
  return deleted.length
}
