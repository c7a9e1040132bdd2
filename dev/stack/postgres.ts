import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './ports.js'
import { type Cluster, ensureCluster, isReady, releaseCluster, runAs, urlOf } from './postgres-cluster.js'
import { type PostgresHome, preparePostgresHome } from './postgres-home.js'
import { endProcess, startOf, waitUntil } from './processes.js'
import { type Ending, type Started, startProgram } from './spawn.js'

export interface PostgresOptions {
  /** Its data, password and log; made when missing. */
  readonly dir: string
  /** A free one when absent. */
  readonly port?: number | undefined
  /** false: fast and forgetful, for tests. */
  readonly durable: boolean
  /** Where the processes are noted for the launcher's clean-up. */
  readonly ledger?: string | undefined
  readonly report?: ((line: string) => void) | undefined
}

export interface RunningPostgres {
  /** Of the database `postgres`, as its superuser. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Where the files really are: not below `dir` when user postgres cannot enter it. */
  readonly home: string
  readonly ended: Promise<Ending>
  /** Rolls open transactions back and writes all to disk. Idempotent. */
  readonly stop: () => Promise<void>
}

/** A server that was killed leaves its lock and its shared memory behind for up to two seconds. */
const RETRY_LIMIT_MS = 15_000
const RETRIED = /lock file ".*" already exists|pre-existing shared memory block|Address already in use/
/** Generous, since a server that was killed replays its log first. */
const READY_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 30_000

/**
 * Starts the embedded Postgres on 127.0.0.1 and waits until it accepts connections. One that survived its launcher
 * is ended first and started anew: to adopt it would need its port, its options and its version to be still right.
 * Rejects with the end of its log.
 */
export const startPostgres = async (options: PostgresOptions): Promise<RunningPostgres> => {
  const { durable, ledger, report = console.log } = options
  const home = preparePostgresHome(options.dir, report)
  const cluster = await ensureCluster(home, { durable, ledger })
  await releaseCluster(cluster.dir)
  const deadline = Date.now() + RETRY_LIMIT_MS
  for (;;) {
    const port = options.port ?? (await freePort())
    const server = await launch(home, cluster, port, options)
    const ready = await waitUntil(() => gone(server) || isReady(cluster.dir, server.pid), READY_LIMIT_MS)
    if (ready && !gone(server)) return describe(server, home, cluster, port)
    await stopServer(server)
    const log = readFileSync(logFile(home), 'utf8').trimEnd()
    if (!RETRIED.test(log) || Date.now() > deadline) {
      throw new Error(`Postgres did not start:\n${log.split('\n').slice(-8).join('\n')}`)
    }
    await sleep(200)
  }
}

/**
 * Spawned directly and not by `pg_ctl start`: the pid is known, and in the ledger, before anything can go wrong, and
 * an unexpected end is seen at once. As the leader of its own process group it does not hear the terminal's Ctrl-C.
 */
const launch = async (
  home: PostgresHome,
  cluster: Cluster,
  port: number,
  { durable, ledger }: PostgresOptions,
): Promise<Started> => {
  const log = openSync(logFile(home), 'w', 0o600)
  const server = await startProgram({
    ...runAs(home),
    name: 'Postgres',
    role: 'postgres',
    command: join(home.bin, 'postgres'),
    args: ['-D', cluster.dir, ...settings(port, durable)],
    stdio: ['ignore', log, log],
    graceMs: STOP_LIMIT_MS,
    ledger,
  }).finally(() => closeSync(log))
  server.child.unref()
  return server
}

const settings = (port: number, durable: boolean): string[] =>
  [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    // A socket file would need a directory that is short enough, writable and private.
    'unix_socket_directories=',
    ...(durable
      ? []
      : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200']),
  ].flatMap((setting) => ['-c', setting])

const describe = (server: Started, home: PostgresHome, cluster: Cluster, port: number): RunningPostgres => ({
  url: urlOf(cluster, port),
  port,
  pid: server.pid,
  home: home.dir,
  ended: server.ended,
  stop: () => stopServer(server),
})

const stopServer = async ({ pid }: Started): Promise<void> => {
  const started = startOf(pid)
  if (started === undefined) return
  await endProcess({ pid, started }, [
    { signal: 'SIGINT', waitMs: STOP_LIMIT_MS },
    { signal: 'SIGQUIT', waitMs: 5_000 },
    { signal: 'SIGKILL', waitMs: 5_000 },
  ])
}

const gone = ({ child }: Started): boolean => child.exitCode !== null || child.signalCode !== null

const logFile = (home: PostgresHome): string => join(home.dir, 'log')
