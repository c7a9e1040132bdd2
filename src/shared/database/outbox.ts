import { and, asc, eq, inArray, isNull, lt, lte, sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Executor, Transaction } from './client.js'
import { outbox } from './outbox.table.js'

/** Channel on which Postgres announces new rows at commit (see the trigger in `migrations/`). */
export const OUTBOX_CHANNEL = 'outbox'

/**
 * A handed-over row that is still open after this many seconds is handed over again; the time doubles with
 * each handover, so that a long backlog is not written anew every minute, up to an hour.
 */
const HANDOVER_SECONDS = 60
const MAX_DOUBLINGS = 6

/** One piece of work as the queue carries it. */
export interface OutboxRow {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly key: string
  readonly payload: unknown
}

/** Writes jobs beside the business change that caused them; the same name and key a second time is a no-op. */
export const writeOutbox = async (
  transaction: Transaction,
  rows: readonly (Omit<OutboxRow, 'id'> & { readonly queue: string })[],
): Promise<void> => {
  if (rows.length === 0) return
  await transaction
    .insert(outbox)
    .values(rows.map((row) => ({ id: uuidv7(), ...row })))
    .onConflictDoNothing()
}

/**
 * Locks up to `limit` open rows whose time has come, oldest first. Rows that another relay holds are
 * passed over, so any number of relays share the work.
 */
export const lockDueRows = (transaction: Transaction, limit: number): Promise<OutboxRow[]> =>
  transaction
    .select({
      id: outbox.id,
      name: outbox.name,
      version: outbox.version,
      key: outbox.key,
      payload: outbox.payload,
    })
    .from(outbox)
    .where(and(isNull(outbox.closedAt), lte(outbox.dueAt, sql`now()`)))
    .orderBy(asc(outbox.dueAt))
    .limit(limit)
    .for('update', { skipLocked: true })

/** Records a handover and when to repeat it should the rows still be open then. */
export const markHandedOver = async (transaction: Transaction, ids: string[]): Promise<void> => {
  await transaction
    .update(outbox)
    .set({
      dueAt: sql`now() + make_interval(secs => ${HANDOVER_SECONDS} * 2 ^ least(${outbox.handovers}, ${MAX_DOUBLINGS}))`,
      handovers: sql`${outbox.handovers} + 1`,
    })
    .where(inArray(outbox.id, ids))
}

/** Whether the row's effect is still to be done; false for a duplicate of a finished job. */
export const isOpen = async (executor: Executor, id: string): Promise<boolean> => {
  const rows = await executor
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(eq(outbox.id, id), isNull(outbox.closedAt)))
  return rows.length === 1
}

/** Closes a row: done, or with the reason why it never will be. */
export const closeRow = async (
  executor: Executor,
  id: string,
  failure: string | null = null,
): Promise<void> => {
  await executor
    .update(outbox)
    .set({ closedAt: sql`now()`, failure })
    .where(and(eq(outbox.id, id), isNull(outbox.closedAt)))
}

/**
 * Deletes up to `limit` rows that were done more than `days` ago; dead letters stay for the operator.
 * @returns how many it deleted.
 */
export const pruneClosedRows = async (executor: Executor, days: number, limit: number): Promise<number> => {
  const old = executor
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(lt(outbox.closedAt, sql`now() - make_interval(days => ${days})`), isNull(outbox.failure)))
    .limit(limit)
  const deleted = await executor.delete(outbox).where(inArray(outbox.id, old)).returning({ id: outbox.id })
  return deleted.length
}
