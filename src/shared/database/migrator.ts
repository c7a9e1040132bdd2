import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { DRIVER_TYPES } from './driver-types.js'
import { createSockets } from './sockets.js'

const CONNECT_TIMEOUT_SECONDS = 10
/** How long one pod waits for another's migration. */
const LOCK_TIMEOUT_MS = 120_000
/** Any number will do, as long as nothing else in this database takes the same one. */
const MIGRATION_LOCK = 7_046_283

/**
 * Brings the schema up to date, then runs `prepare`, both under an advisory lock: drizzle's migrator
 * takes none, and of three pods that start at once two would fail. The lock ends with its connection.
 * @throws when the lock is not free within two minutes, or a migration fails; it is rolled back then
 */
export const migrateDatabase = async <T>(
  url: string,
  migrationsFolder: string,
  prepare: () => Promise<T>,
): Promise<T> => {
  const sockets = createSockets()
  const client = postgres(url, {
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    onnotice: () => {},
    ...DRIVER_TYPES,
    connection: {
      application_name: 'unnest-migrate',
      lock_timeout: LOCK_TIMEOUT_MS,
      // Whatever the role has: a migration takes as long as it takes.
      statement_timeout: 0,
      idle_in_transaction_session_timeout: 0,
    },
    ...{ socket: sockets.open },
  })
  try {
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`
    await migrate(drizzle(client), { migrationsFolder })
    return await prepare()
  } finally {
    await client.end({ timeout: 1 })
    sockets.closeAll()
  }
}
