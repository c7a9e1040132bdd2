import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { waitUntil } from '../stack/processes.js'
import { type Ending, type Started, startProgram } from '../stack/spawn.js'
import { StartError } from '../stack/start-error.js'
import { describeLine, parseLog } from './log-lines.js'

export interface ProgramOptions {
  readonly name: string
  /** Below dist/. */
  readonly script: string
  /** The folder with dist/ and migrations/; this checkout if absent. */
  readonly root?: string
  readonly env: NodeJS.ProcessEnv
  readonly graceMs: number
  readonly ledger: string
  readonly onLine: (line: string) => void
  /** Called when the program says so over IPC: a log line would depend on LOG_LEVEL. */
  readonly onReady?: () => void
}

export interface MigrationResult {
  readonly adminCreated: boolean
}

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const READY_LIMIT_MS = 30_000
const MIGRATION_LIMIT_MS = 300_000

/** Starts a built program under plain node, as production does. */
export const startBuilt = async (options: ProgramOptions): Promise<Started> => {
  const root = options.root ?? ROOT
  const started = await startProgram({
    name: options.name,
    role: 'app',
    command: process.execPath,
    args: ['--enable-source-maps', join(root, 'dist', options.script)],
    cwd: root,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    graceMs: options.graceMs,
    ledger: options.ledger,
  })
  for (const stream of [started.child.stdout, started.child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', options.onLine)
  }
  started.child.on('message', (message) => {
    if (message === 'ready') options.onReady?.()
  })
  return started
}

/** Runs dist/migrate.js to its end, this checkout's unless told otherwise. Rejects with all of its output when it fails. */
export const migrate = async (
  env: NodeJS.ProcessEnv,
  ledger: string,
  root: string = ROOT,
): Promise<MigrationResult> => {
  const lines: string[] = []
  const onLine = (line: string): void => void lines.push(line)
  const { child, ended } = await startBuilt({
    ...{ name: 'migrate', script: 'migrate.js', root, ledger, onLine },
    // What it reports is read from its log, whatever the others are to log.
    env: { ...env, LOG_LEVEL: 'info' },
    graceMs: 5_000,
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), MIGRATION_LIMIT_MS)
  const { code, text } = await ended
  clearTimeout(timer)
  if (code !== 0) {
    const output = lines.map((line) => describeLine('migrate', line)).join('\n')
    throw new StartError(`${output}\nThe migrations failed (${text})`)
  }
  return { adminCreated: lines.some((line) => parseLog(line)?.adminCreated === true) }
}

/** Waits for a 200. Rejects after 30 s, or as soon as the program has ended. */
export const untilAnswering = async (url: string, ended: Promise<Ending>): Promise<void> => {
  await withinLimit('The API', ended, () => answersOk(url))
}

/** Waits for what the program itself reports. Rejects after 30 s, or as soon as the program has ended. */
export const untilReported = async (
  name: string,
  reported: () => boolean,
  ended: Promise<Ending>,
): Promise<void> => withinLimit(name, ended, async () => reported())

const withinLimit = async (
  name: string,
  ended: Promise<Ending>,
  condition: () => Promise<boolean>,
): Promise<void> => {
  let ending: Ending | undefined
  void ended.then((value) => {
    ending = value
  })
  const settled = await waitUntil(
    async () => ending !== undefined || (await condition()),
    READY_LIMIT_MS,
    100,
  )
  if (ending !== undefined) throw new StartError(`${name} ended before it was ready, see its lines above`)
  if (!settled) throw new StartError(`${name} was not ready within ${READY_LIMIT_MS / 1_000} s`)
}

const answersOk = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}
