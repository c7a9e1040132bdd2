import { sql } from 'drizzle-orm'
import { withDeadline } from '../deadline.js'
import type { Database } from './client.js'

/** Asks Postgres for a sign of life. @throws DeadlineError or the driver's error */
export const pingDatabase = async (database: Database, timeoutMs: number): Promise<void> => {
  await withDeadline('Postgres', timeoutMs, Promise.resolve(database.execute(sql`select 1`)))
}
