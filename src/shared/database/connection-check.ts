import type { ApiConfig } from '../config.js'
import { withDeadline } from '../deadline.js'
import { ConfigError } from '../environment.js'
import type { Logger } from '../telemetry/logger.js'
import { type Database, SESSION_SETTINGS } from './client.js'
import { faultOfBudget } from './connection-budget.js'
import { misconfigurationIn } from './failures.js'
import { readServerFacts, type ServerFacts } from './server-facts.js'

const ASK_TIMEOUT_MS = 2_000
const RETRY_MS = 5_000

export interface ConnectionCheckNeeds {
  readonly config: Pick<
    ApiConfig,
    | 'DATABASE_POOL_MAX'
    | 'DATABASE_WORKER_POOL_MAX'
    | 'DATABASE_CONNECTION_LIMIT'
    | 'DATABASE_PGBOUNCER'
    | 'EXPECTED_PODS'
    | 'EXPECTED_WORKERS'
  >
  readonly database: Database
  readonly logger: Logger
}

type Settings = ConnectionCheckNeeds['config']

const faultsWithin = (config: Settings, limit: number | undefined): string[] => {
  const { DATABASE_POOL_MAX: poolMax, EXPECTED_PODS: pods, EXPECTED_WORKERS: workers } = config
  const workerPoolMax = config.DATABASE_WORKER_POOL_MAX ?? poolMax
  const fault =
    limit === undefined ? undefined : faultOfBudget({ pods, poolMax, workers, workerPoolMax }, limit)
  return fault === undefined ? [] : [fault]
}

/** What a connection of ours says when it is opened, behind PgBouncer the server must know of itself. */
const faultsOfSession = (session: ServerFacts['session']): string[] => {
  const { default_transaction_isolation: isolation, ...times } = SESSION_SETTINGS
  const missing = Object.entries(times).filter(([name, ms]) => {
    const given = session[name as keyof typeof times]
    return given === 0 || given > ms
  })
  const settings: (readonly [string, string | number])[] = [...missing]
  if (session.default_transaction_isolation !== isolation) {
    settings.push(['default_transaction_isolation', isolation])
  }
  return settings.map(
    ([name, value]) =>
      `DATABASE_PGBOUNCER: the role, or the database, needs ${name} = '${value}' (ALTER ROLE ... SET)`,
  )
}

const faultsOf = (config: Settings, { connections, session }: ServerFacts): string[] =>
  // What PgBouncer takes the server does not know: that is for DATABASE_CONNECTION_LIMIT to say.
  config.DATABASE_PGBOUNCER
    ? faultsOfSession(session)
    : faultsWithin(config, Math.min(connections, config.DATABASE_CONNECTION_LIMIT ?? connections))

/**
 * Makes sure that the connections of all processes fit, and behind PgBouncer that they have their limits. While Postgres is
 * away a process starts all the same, and is told of a fault at the first contact: it serves by then, and ending it would make
 * an outage of what may go well for long.
 * @returns what stops asking
 * @throws ConfigError with the sum
 */
export const checkConnections = async (needs: ConnectionCheckNeeds): Promise<() => Promise<void>> => {
  const { config, database, logger } = needs
  const refuse = (faults: readonly string[]): void => {
    if (faults.length > 0) throw new ConfigError(faults)
  }
  const ask = async () =>
    faultsOf(config, await withDeadline('Postgres', ASK_TIMEOUT_MS, readServerFacts(database)))

  refuse(faultsWithin(config, config.DATABASE_CONNECTION_LIMIT))
  const faults = await ask().catch((err: unknown) => {
    const wrong = misconfigurationIn(err)
    if (wrong !== undefined) throw new ConfigError([`DATABASE_URL: Postgres says: ${wrong}`])
    logger.warn({ err }, 'connections are checked when Postgres is there')
    return undefined
  })
  if (faults) refuse(faults)

  const timer = faults ? undefined : setInterval(() => void askAgain(), RETRY_MS).unref()
  const askAgain = async (): Promise<void> => {
    const late = await ask().catch(() => undefined)
    if (late === undefined) return
    clearInterval(timer)
    if (late.length > 0) logger.error({ alert: 'connections', faults: late }, 'connections do not fit')
  }
  return async () => clearInterval(timer)
}
