import type { Sql, TransactionSql } from 'postgres'
import type { Answer } from './app.js'
import { until } from './until.js'

/**
 * Holds what `lock` locks until each of the calls waits for it, in the order in which they are given, then lets
 * them go one behind the other: what takes luck in life happens each time.
 */
export const inLine = async (
  sql: Sql,
  lock: (transaction: TransactionSql) => Promise<unknown>,
  calls: readonly (() => Promise<Answer>)[],
): Promise<readonly Answer[]> => {
  const waiting = async (): Promise<number> => {
    const rows = await sql`select pid from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    return rows.length
  }
  const answers: Promise<Answer>[] = []
  await sql.begin(async (transaction) => {
    await lock(transaction)
    for (const call of calls) {
      answers.push(call())
      await until(`${answers.length} in line`, async () => (await waiting()) === answers.length)
    }
  })
  return Promise.all(answers)
}
