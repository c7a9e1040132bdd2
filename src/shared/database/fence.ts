import { and, eq, sql } from 'drizzle-orm'
import type { Database, Transaction } from './client.js'
import { fences } from './fences.table.js'

/** A holder wanted to write after another one had taken over. */
export class StaleHolderError extends Error {
  override readonly name = 'StaleHolderError'
}

/**
 * A holder that froze inside its transaction keeps its successor waiting for no longer than this: Postgres then rolls
 * back what it had begun. Below the time that the successor waits for a lock.
 */
const FROZEN_MS = 2_500

/**
 * A limit of the whole transaction: one that froze between the two messages of a statement is neither idle, nor does the
 * statement's own time run. Postgres has it since 17; before that only the idle ones are ended.
 */
const limitTransaction = sql`
  select set_config(
    case when current_setting('transaction_timeout', true) is null
      then 'idle_in_transaction_session_timeout' else 'transaction_timeout' end,
    ${String(FROZEN_MS)}, true)`

/** Takes the next, higher token of a name: from now on every earlier holder is stale. */
export const takeToken = async (database: Database, name: string): Promise<number> => {
  const [row] = await database
    .insert(fences)
    .values({ name, token: 1 })
    .onConflictDoUpdate({ target: fences.name, set: { token: sql`${fences.token} + 1` } })
    .returning({ token: fences.token })
  if (!row) throw new Error(`no fencing token for ${name}`)
  return row.token
}

/**
 * Runs `work` in a transaction that commits only while `token` is the newest. The share lock makes a
 * successor wait for the commit, so there is no gap between the check and the write.
 * @throws StaleHolderError when a later holder exists; nothing is written then.
 */
export const withFence = <T>(
  database: Database,
  name: string,
  token: number,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> =>
  database.transaction(async (transaction) => {
    await transaction.execute(limitTransaction)
    const current = await transaction
      .select({ token: fences.token })
      .from(fences)
      .where(and(eq(fences.name, name), eq(fences.token, token)))
      .for('share')
    if (current.length === 0) throw new StaleHolderError(`${name}: token ${token} is no longer the newest`)
    return work(transaction)
  })
