import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { withDeadline } from '../deadline.js'
import type { Database } from './client.js'
import { DRIVER_TYPES } from './driver-types.js'
import { createSockets } from './sockets.js'

/** Asks Postgres for a sign of life. @throws DeadlineError or the driver's error */
export const pingDatabase = async (database: Database, timeoutMs: number): Promise<void> => {
  await withDeadline('Postgres', timeoutMs, Promise.resolve(database.execute(sql`select 1`)))
}

const CONNECT_TIMEOUT_SECONDS = 1

/** The same on a connection of its own: a pool may be dead while the server is not. */
export const pingAnew = async (url: string, timeoutMs: number): Promise<void> => {
  const sockets = createSockets()
  const client = postgres(url, {
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    onnotice: () => {},
    ...DRIVER_TYPES,
    connection: { application_name: 'unnest-ping' },
    ...{ socket: sockets.open },
  })
  try {
    await withDeadline('Postgres', timeoutMs, client`select 1`)
  } finally {
    await client.end({ timeout: 0 })
    sockets.closeAll()
  }
}
