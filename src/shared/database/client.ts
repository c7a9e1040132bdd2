import { drizzle, type PostgresJsDatabase, type PostgresJsTransaction } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { Tracer } from '../telemetry/tracer.js'
import { followAmbient, withAmbient } from './ambient.js'
import { type Announce, announcing } from './changes.js'
import { DRIVER_TYPES } from './driver-types.js'
import { surviveLostConnections } from './lost-connections.js'
import { gatePool, type PoolLoad } from './pool-gate.js'
import { createSockets } from './sockets.js'
import { traceStatements } from './traced-statements.js'

// biome-ignore lint/complexity/noBannedTypes: drizzle's own "no relational schema"
type NoSchema = {}

interface Unit {
  /**
   * Runs `work`, which changes something by one statement: that is a transaction of its own, and what is noted meanwhile is
   * announced when it has ended. Two statements are two transactions: use `transaction`.
   */
  readonly oneStatement: <T>(work: () => Promise<T>) => Promise<T>
}

/** The pool, through drizzle; inside `inOneTransaction`, that transaction. */
export type Database = PostgresJsDatabase<NoSchema> & Unit

/** An open transaction: what a function takes that may only run inside one. */
export type Transaction = PostgresJsTransaction<NoSchema, NoSchema>

/** The database or an open transaction: what a repository is made with. */
export type Executor = PostgresJsDatabase<NoSchema> | Transaction

export interface DatabaseConnection {
  readonly database: Database
  /** How busy the pool is. */
  readonly load: () => PoolLoad
  /** Ends the pool; queries in flight get `CLOSE_TIMEOUT_SECONDS` to finish. */
  readonly close: () => Promise<void>
}

export interface DatabaseOptions {
  readonly url: string
  /** Connections at most; the sum over all pods must stay below the server's `max_connections`. */
  readonly poolMax: number
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string
  /** Behind PgBouncer in transaction mode a connection keeps nothing: no prepared statements, no settings of its own. */
  readonly pooled?: boolean
  /** Told of what a transaction has noted with `noteChanges`; without it nothing may be noted. */
  readonly announce?: Announce
  /** Milliseconds that a statement or a transaction waits for a connection. */
  readonly waitMs?: number
  /** Makes spans of what is sent. */
  readonly tracer?: Tracer | undefined
}

/** Below the time a request may take: whoever asks while Postgres is silent still gets an answer. */
const CONNECT_TIMEOUT_SECONDS = 3
/** The driver's own pause grows to 20 s, in which every query waits; a pod is to be back when Postgres is. */
const RECONNECT_SECONDS = 0.25
const IDLE_TIMEOUT_SECONDS = 300
const CLOSE_TIMEOUT_SECONDS = 5
/** Whoever asks is to have an answer within two seconds. */
const WAIT_MS = 1_000
/** The server ends what takes longer, so that one bad query cannot hold a pool's connection. */
const STATEMENT_TIMEOUT_MS = 5_000
const LOCK_TIMEOUT_MS = 3_000
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000
const LOOK_EVERY_MS = 1_000
/** The server says something within each of the limits above, be it that it ends the connection. */
const SILENT_LOOKS = 12

/**
 * What a session is to have, by the names of the server. Behind PgBouncer sessions are the server's own, and their role
 * must have it: `connection-check.ts` looks.
 */
export const SESSION_SETTINGS = {
  // What is read under a lock must be what the one before has committed, whatever the server's own default.
  default_transaction_isolation: 'read committed',
  statement_timeout: STATEMENT_TIMEOUT_MS,
  lock_timeout: LOCK_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
} as const

const viewOf = <Pool extends object, More extends object>(pool: Pool, more: More): Pool & More =>
  Object.assign(Object.create(pool), more)

const runAlone: Unit['oneStatement'] = (work) => work()

/** A view of the pool that announces what its transactions have changed. */
const withAnnouncements = (pool: PostgresJsDatabase<NoSchema>, announce: Announce): Database =>
  viewOf<PostgresJsDatabase<NoSchema>, Pick<Database, 'transaction' | 'oneStatement'>>(pool, {
    transaction: (work, config) =>
      announcing(announce, (collect) =>
        pool.transaction((transaction) => collect(() => work(transaction)), config),
      ),
    oneStatement: (work) => announcing(announce, (collect) => collect(work)),
  })

/** The driver's client; `socket` is an option that its types do not know. */
const createClient = ({ url, poolMax, applicationName, pooled = false }: DatabaseOptions, socket: unknown) =>
  postgres(url, {
    max: poolMax,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    backoff: () => RECONNECT_SECONDS,
    idle_timeout: IDLE_TIMEOUT_SECONDS,
    onnotice: () => {},
    ...DRIVER_TYPES,
    // Absent, it is for the address to say.
    ...(pooled && { prepare: false }),
    connection: {
      application_name: applicationName,
      // The form in which `instantText` reads moments quickest. PgBouncer hands it on.
      TimeZone: 'UTC',
      ...(!pooled && SESSION_SETTINGS),
    },
    ...{ socket },
  })

/** Opens the pool. It connects with the first query, so a process also starts while Postgres is away. */
export const connectDatabase = (options: DatabaseOptions): DatabaseConnection => {
  const { poolMax, announce, waitMs = WAIT_MS, tracer } = options
  const sockets = createSockets()
  const client = createClient(options, sockets.open)
  surviveLostConnections(client)
  const { gated, load } = gatePool(client, poolMax, waitMs)
  const looking = setInterval(() => {
    sockets.look()
    // Connections in nobody's hand may be silent: they are given up only while something waits for an answer.
    if (load().longestRunMs > SILENT_LOOKS * LOOK_EVERY_MS) sockets.closeSilent(SILENT_LOOKS)
  }, LOOK_EVERY_MS).unref()
  const pool = drizzle(tracer ? traceStatements(gated, tracer) : gated)
  return {
    database: followAmbient(
      announce ? withAnnouncements(pool, announce) : viewOf(pool, { oneStatement: runAlone }),
    ),
    load,
    close: async () => {
      await client.end({ timeout: CLOSE_TIMEOUT_SECONDS })
      clearInterval(looking)
      sockets.closeAll()
    },
  }
}

/**
 * Runs `work` so that all it does with the database is one transaction, whatever transactions it opens itself:
 * nothing of it is committed before `work` has ended. For what wraps a whole request, which cannot hand a
 * transaction through every call; a service goes on to pass its own explicitly.
 */
export const inOneTransaction = <T>(
  database: Database,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> =>
  database.transaction((transaction) =>
    withAmbient(viewOf(transaction, { oneStatement: runAlone }), () => work(transaction)),
  )
