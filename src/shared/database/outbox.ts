import { and, asc, eq, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import { newId } from '../new-id.js'
import type { Executor, Transaction } from './client.js'
import { describeInsert, type RowsInsert } from './insert-rows.js'
import { outbox } from './outbox.table.js'
import { defineCommand, type Places } from './statement.js'

/** Channel on which Postgres announces new rows at commit (see the trigger in `migrations/`). */
export const OUTBOX_CHANNEL = 'outbox'

/** One piece of work, as its producer writes it. */
export interface NewOutboxRow {
  readonly queue: string
  readonly name: string
  readonly version: number
  readonly key: string
  readonly payload: unknown
  /** W3C trace context of what causes it. */
  readonly traceparent: string
}

const insert = describeInsert(outbox, ['id', 'queue', 'name', 'version', 'key', 'payload', 'traceparent'], {
  unlessThere: true,
})

const insertRows = defineCommand((place: Places<{ rows: string }>) => insert.statement(place('rows')))

/** Rows as a statement takes them. */
const outboxText = (rows: readonly NewOutboxRow[]): string =>
  insert.toText(rows.map((row) => ({ id: newId(), ...row })))

/** Writes jobs beside the business change that caused them; the same name and key a second time is a no-op. */
export const writeOutbox = async (transaction: Transaction, rows: readonly NewOutboxRow[]): Promise<void> => {
  if (rows.length > 0) await insertRows(transaction, { rows: outboxText(rows) })
}

/** The same as a part of the one statement that makes the change. */
export const outboxPart: RowsInsert<NewOutboxRow> = { statement: insert.statement, toText: outboxText }

/** The job of that name and key, if it may still be done: it is open, or a dead letter that an operator may send again. */
export const liveJob = (executor: Executor, name: string, key: SQL<string>) =>
  executor
    .select({ id: outbox.id })
    .from(outbox)
    .where(
      and(
        eq(outbox.name, name),
        eq(outbox.key, key),
        or(isNull(outbox.closedAt), and(isNotNull(outbox.failure), isNull(outbox.discardedAt))),
      ),
    )

/**
 * Deletes up to `limit` rows that were closed more than `days` ago; dead letters stay until an operator discards them.
 * @returns how many it deleted.
 */
export const pruneClosedRows = async (executor: Executor, days: number, limit: number): Promise<number> => {
  const old = executor
    .select({ id: outbox.id })
    .from(outbox)
    .where(
      and(
        lt(outbox.closedAt, sql`now() - make_interval(days => ${days})`),
        or(isNull(outbox.failure), isNotNull(outbox.discardedAt)),
      ),
    )
    // Keeps the planner to the index: it takes what is to go for frequent where many dead letters are as old.
    .orderBy(asc(outbox.closedAt))
    .limit(limit)
  // The array, too, keeps it from reading the whole table.
  const deleted = await executor
    .delete(outbox)
    .where(sql`${outbox.id} = any(array${old})`)
    .returning({ id: outbox.id })
  return deleted.length
}
