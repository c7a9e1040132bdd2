import type { DatabaseConnection } from './client.js'
import { pingDatabase } from './ping.js'

const TIMEOUT_MS = 1_000
/** How old the word on the database may be. */
const FRESH_MS = 1_000

/**
 * Makes the question whether Postgres can be reached, for probes that must not become load: it is asked only when nobody else
 * has had an answer of it within the last second, and then once for all who want to know; a failure counts as long. So a
 * process with a full pool is busy, not cut off. Rejects as `pingDatabase` does.
 */
export const createDatabaseProbe = ({
  database,
  load,
}: Pick<DatabaseConnection, 'database' | 'load'>): (() => Promise<void>) => {
  let last: Promise<void> | undefined
  let answeredAt = Number.POSITIVE_INFINITY

  const askAnew = (): Promise<void> => {
    answeredAt = Number.POSITIVE_INFINITY
    const note = () => {
      answeredAt = performance.now()
    }
    const asked = pingDatabase(database, TIMEOUT_MS)
    asked.then(note, note)
    return asked
  }

  return async () => {
    if (load().sinceSuccessMs <= FRESH_MS) return
    if (last === undefined || performance.now() - answeredAt > FRESH_MS) last = askAnew()
    await last
  }
}
