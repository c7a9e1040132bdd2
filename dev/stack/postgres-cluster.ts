import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PostgresHome } from './postgres-home.js'
import { commandOf, endProcess, startOf } from './processes.js'
import { type Program, startProgram } from './spawn.js'

export interface Cluster {
  readonly dir: string
  readonly password: string
}

export interface ClusterOptions {
  readonly durable: boolean
  readonly ledger: string | undefined
}

const INITDB_LIMIT_MS = 60_000

/**
 * The cluster in a home, made when there is none yet. It is made under another name and then renamed, so that a
 * start which is killed in the middle leaves nothing half made. Rejects with initdb's output.
 */
export const ensureCluster = async (home: PostgresHome, options: ClusterOptions): Promise<Cluster> => {
  const dir = join(home.dir, 'cluster')
  if (!existsSync(dir)) {
    const draft = `${dir}.new`
    rmSync(draft, { recursive: true, force: true })
    writePassword(home)
    await initialise(home, draft, options)
    renameSync(draft, dir)
  }
  return { dir, password: passwordIn(home.dir) }
}

/**
 * Ends a server that still works on the cluster although no ledger knows it, and removes the lock file of one that
 * is gone: its pid may belong to a stranger after a reboot, and Postgres would then refuse to start for ever.
 */
export const releaseCluster = async (cluster: string): Promise<void> => {
  const pid = Number(statusLines(cluster)[0])
  if (!(pid > 0)) return
  const started = startOf(pid)
  if (started !== undefined && commandOf(pid).includes(cluster)) {
    await endProcess({ pid, started }, [
      { signal: 'SIGINT', waitMs: 15_000 },
      { signal: 'SIGQUIT', waitMs: 5_000 },
    ])
  } else {
    rmSync(join(cluster, 'postmaster.pid'), { force: true })
  }
}

/** Whether that very server process accepts connections; Postgres notes it in the eighth line. */
export const isReady = (cluster: string, pid: number): boolean => {
  const lines = statusLines(cluster)
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
}

/** The database `postgres` of a server on the cluster, as its superuser. */
export const urlOf = ({ password }: Cluster, port: number): string =>
  `postgres://postgres:${password}@127.0.0.1:${port}/postgres`

/** The same for a server that another launcher runs in this home; undefined until it accepts connections. */
export const runningUrl = (home: string): string | undefined => {
  const dir = join(home, 'cluster')
  const [pid, place, , port] = statusLines(dir)
  if (!isReady(dir, Number(pid)) || place === undefined || !commandOf(Number(pid)).includes(place))
    return undefined
  return urlOf({ dir, password: passwordIn(home) }, Number(port))
}

/** What both programs need to run as the home's user; nothing of our environment (PGPORT, PGDATA) may leak in. */
export const runAs = ({ dir, user }: PostgresHome): Pick<Program, 'cwd' | 'env' | 'uid' | 'gid'> => ({
  cwd: dir,
  env: { LC_ALL: 'C', TZ: 'UTC' },
  ...user,
})

const initialise = async (
  home: PostgresHome,
  draft: string,
  { durable, ledger }: ClusterOptions,
): Promise<void> => {
  const { child, ended } = await startProgram({
    ...runAs(home),
    name: 'initdb',
    role: 'postgres',
    command: join(home.bin, 'initdb'),
    args: [
      ...[
        '-D',
        draft,
        '-U',
        'postgres',
        '--auth',
        'scram-sha-256',
        '--pwfile',
        passwordFileOf(home.dir),
        '--no-instructions',
      ],
      // Sorts and folds case alike on every machine, whatever locales it has.
      ...['-E', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      // A password of 192 random bits is not guessed, however fast; each connection would pay for the stretching.
      ...(durable ? [] : ['--no-sync', '-c', 'scram_iterations=1']),
    ],
    stdio: ['ignore', 'pipe', 'pipe'],
    graceMs: 5_000,
    ledger,
  })
  const output: string[] = []
  child.stdout?.on('data', (chunk) => output.push(String(chunk)))
  child.stderr?.on('data', (chunk) => output.push(String(chunk)))
  const timer = setTimeout(() => child.kill('SIGKILL'), INITDB_LIMIT_MS)
  const { code, text } = await ended
  clearTimeout(timer)
  if (code !== 0) throw new Error(`initdb failed (${text}):\n${output.join('').trim()}`)
}

const passwordFileOf = (home: string): string => join(home, 'password')

const passwordIn = (home: string): string => readFileSync(passwordFileOf(home), 'utf8').trim()

const writePassword = ({ dir, user }: PostgresHome): void => {
  const file = passwordFileOf(dir)
  writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  if (user !== undefined) chownSync(file, user.uid, user.gid)
}

const statusLines = (cluster: string): string[] => {
  try {
    return readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}
