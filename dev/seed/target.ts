import { join } from 'node:path'
import { build } from '../build.js'
import { migrate } from '../launch/programs.js'
import { DATABASE, ownPostgres, postgresDir } from '../launch/services.js'
import type { Settings } from '../launch/settings.js'
import { AlreadyRunningError, claimLedger, endLeftovers, endRecorded } from '../stack/ledger.js'
import { runningUrl } from '../stack/postgres-cluster.js'
import { waitUntil } from '../stack/processes.js'
import { StartError } from '../stack/start-error.js'
import { startGuard } from '../stack/watch.js'
import { isMigrated } from './schema.js'

/** A migrated database. */
export interface Target {
  readonly url: string
  /** Ends what was started for it. */
  readonly close: () => Promise<void>
}

/** Another start may be at its first steps: it makes a cluster, and builds and migrates. */
const START_LIMIT_MS = 60_000
const nothingToClose = async (): Promise<void> => {}

/**
 * The database of DATABASE_URL, or else that of an `npm start` which runs here, or else the one in the data directory,
 * whose server is started for this. Rejects with a StartError when it is not there or its schema is old.
 */
export const findTarget = async (settings: Settings, signal: AbortSignal): Promise<Target> => {
  const { databaseUrl, dataDir } = settings
  if (databaseUrl !== undefined) return givenTarget(databaseUrl)
  try {
    return await startTarget(dataDir)
  } catch (error) {
    if (error instanceof AlreadyRunningError) return runningTarget(dataDir, error.pid, signal)
    throw error
  }
}

const givenTarget = async (url: string): Promise<Target> => {
  if (await isMigrated(url)) return { url, close: nothingToClose }
  throw new StartError(
    'The schema of DATABASE_URL is missing or old: npm run build && node dist/migrate.js first',
  )
}

/** As `npm start` does it, but for the first admin: that one and its password are for `npm start` to make and show. */
const startTarget = async (dataDir: string): Promise<Target> => {
  const ledgers = join(dataDir, 'run')
  const ledger = claimLedger(ledgers)
  const close = (): Promise<void> => endRecorded(ledger)
  try {
    if (await endLeftovers(ledgers)) console.log('Cleaned up after a start that was killed')
    startGuard(ledger)
    // A server that ends unasked is noticed by its client.
    const [url] = await Promise.all([ownPostgres({ dataDir }, { ledger, watch: () => {} }), build()])
    const { ADMIN_EMAIL: _email, ADMIN_PASSWORD: _password, ...environment } = process.env
    await migrate({ ...environment, DATABASE_URL: url }, ledger)
    return { url, close }
  } catch (error) {
    await close()
    throw error
  }
}

const runningTarget = async (dataDir: string, pid: number, signal: AbortSignal): Promise<Target> => {
  let url: string | undefined
  const look = async (): Promise<boolean> => {
    signal.throwIfAborted()
    url = databaseIn(dataDir)
    // It may not have made the database yet.
    return url !== undefined && (await isMigrated(url).catch(() => false))
  }
  if ((await waitUntil(look, START_LIMIT_MS, 200)) && url !== undefined) return { url, close: nothingToClose }
  throw new StartError(
    `Process ${pid} runs here without a migrated database in ${dataDir}: give its DATABASE_URL, or stop it first`,
  )
}

const databaseIn = (dataDir: string): string | undefined => {
  const server = runningUrl(postgresDir(dataDir))
  if (server === undefined) return undefined
  const url = new URL(server)
  url.pathname = `/${DATABASE}`
  return url.href
}
