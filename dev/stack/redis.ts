import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from './ports.js'
import { endProcess, startOf, waitUntil } from './processes.js'
import { findRedisServer } from './redis-server.js'
import { type Ending, startProgram } from './spawn.js'

export interface RedisOptions {
  /** Its data and its log; made when missing. */
  readonly dir: string
  /** A free one when absent; give the former one to come back where clients look for it. */
  readonly port?: number | undefined
  /** true: append-only file, one second at most is lost in a crash. false: nothing is kept. */
  readonly durable: boolean
  /** Where the process is noted for the launcher's clean-up; tests pass TEST_LEDGER. */
  readonly ledger?: string | undefined
  readonly report?: ((line: string) => void) | undefined
}

export interface RunningRedis {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly ended: Promise<Ending>
  /** Ends it politely, so that durable data is on disk. Idempotent. */
  readonly stop: () => Promise<void>
}

const START_LIMIT_MS = 15_000
const STOP_LIMIT_MS = 10_000

/** Starts a private Redis on 127.0.0.1 and waits until it answers. Rejects with the end of its log otherwise. */
export const startRedis = async (options: RedisOptions): Promise<RunningRedis> => {
  const command = await findRedisServer(options.report ?? console.log)
  mkdirSync(options.dir, { recursive: true })
  const port = options.port ?? (await freePort())
  const logFile = join(options.dir, 'redis.log')
  const log = openSync(logFile, 'w', 0o600)
  const { child, pid, ended } = await startProgram({
    name: 'Redis',
    role: 'redis',
    command,
    args: argumentsFor(options, port),
    stdio: ['ignore', log, log],
    graceMs: STOP_LIMIT_MS,
    ledger: options.ledger,
  }).finally(() => closeSync(log))
  // A test that forgets its Redis must still be able to exit.
  child.unref()
  const identity = { pid, started: startOf(pid) ?? '' }
  const stop = async (): Promise<void> =>
    endProcess(identity, [
      { signal: 'SIGTERM', waitMs: STOP_LIMIT_MS },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ])
  const gone = (): boolean => child.exitCode !== null || child.signalCode !== null
  await waitUntil(async () => gone() || (await answersPing(port)), START_LIMIT_MS)
  if (gone() || !(await answersPing(port))) {
    await stop()
    throw new Error(`Redis did not start:\n${lastLines(logFile)}`)
  }
  return { url: `redis://127.0.0.1:${port}`, port, pid, ended, stop }
}

const argumentsFor = ({ dir, durable }: RedisOptions, port: number): string[] => [
  ...['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--daemonize', 'no', '--save', ''],
  ...['--appendonly', durable ? 'yes' : 'no', '--appendfsync', 'everysec'],
  // Queues live in it: a full Redis must refuse a write, never drop a job.
  ...['--maxmemory-policy', 'noeviction'],
]

/** While Redis loads its file it answers with an error, which is no PONG either. */
const answersPing = async (port: number): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1')
  try {
    socket.write('PING\r\n')
    const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(1_000) })
    return String(answer).startsWith('+PONG')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

const lastLines = (file: string): string =>
  readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n')
