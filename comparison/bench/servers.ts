import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../../dev/stack/ports.js'
import { startProgram } from '../../dev/stack/spawn.js'
import { endProgram } from './closing.js'
import { onCore } from './cores.js'
import { API_PROGRAMS } from './programs.js'
import type { CandidateId } from './results.js'
import { POOL_MAX, type Stage } from './stage.js'

const START_LIMIT_MS = 60_000
const LOOK_EVERY_MS = 5
const STOP_LIMIT_MS = 15_000

/**
 * Above all that is measured. The baseline has no limit unless it is given one, and is given none: its throttler keeps a
 * timer for each request of the last minute, of which nobody with a limit that refuses would have so many.
 */
const UNLIMITED = '1000000'

export interface Listening {
  readonly url: string
  readonly pid: number
  /** From the start of the process to the first answer. */
  readonly startMilliseconds: number
  readonly stop: () => Promise<void>
}

export interface RunningServer extends Listening {
  readonly id: CandidateId
}

/** What all processes of a candidate get. Keys of one candidate are not another's. */
export const environmentOf = (stage: Stage, id: CandidateId): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  NODE_ENV: 'production',
  LOG_LEVEL: 'info',
  DATABASE_URL: stage.databaseUrl,
  DATABASE_POOL_MAX: String(POOL_MAX),
  REDIS_URL: stage.redisUrl,
  REDIS_PREFIX: `compare-${id}`,
  METRICS_PORT: '0',
  DATA_DIR: join(stage.dir, 'data', id),
  WEBHOOK_SECRET_KEYS: stage.webhookKeys,
  ...(id === 'nest-fastify' && { HTTP_ADAPTER: 'fastify' }),
})

const isOurs = (id: CandidateId): boolean => id === 'ours' || id === 'ours-without-outbox'

/** What an API process gets beside. */
export const apiEnvironment = (stage: Stage, id: CandidateId): Record<string, string> => ({
  ...environmentOf(stage, id),
  JWT_PRIVATE_KEYS: stage.jwtKeys,
  CACHE_ENABLED: 'true',
  CACHE_TTL_SECONDS: '3600',
  ...(isOurs(id) && {
    RATE_LIMIT_PER_MINUTE: UNLIMITED,
    RATE_LIMIT_LOGINS_PER_ACCOUNT: UNLIMITED,
    RATE_LIMIT_LOGINS_PER_ADDRESS: UNLIMITED,
  }),
})

const isAlive = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(`${url}/livez`, { agent: false, timeout: 2_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })

/** Starts a program of a candidate on the server's core; its log lines go nowhere, faults to a file. */
export const startPinned = async (
  stage: Stage,
  name: string,
  program: string,
  env: Readonly<Record<string, string>>,
) => {
  const errors = join(stage.dir, `${name}.err`)
  const file = openSync(errors, 'a', 0o600)
  const started = await startProgram({
    ...onCore(stage.pinning?.server, stage.node, ['--enable-source-maps', program]),
    name,
    role: 'app',
    env,
    stdio: ['ignore', 'ignore', file, 'ipc'],
    graceMs: STOP_LIMIT_MS,
    ledger: stage.ledger,
  }).finally(() => closeSync(file))
  const stop = (): Promise<void> => endProgram(started, { name, graceMs: STOP_LIMIT_MS })
  return { ...started, stop, faults: () => readFileSync(errors, 'utf8').slice(-2_000) }
}

export type Pinned = Awaited<ReturnType<typeof startPinned>>

/** "ready" is the only message that a worker sends. @throws Error when it ends before, or takes too long */
export const untilReady = async (
  name: string,
  { child, ended, faults }: Pick<Pinned, 'child' | 'ended' | 'faults'>,
  limitMs = START_LIMIT_MS,
): Promise<void> => {
  const signal = AbortSignal.timeout(limitMs)
  const isReady = once(child, 'message', { signal }).then(
    () => true,
    () => false,
  )
  const how = await Promise.race([isReady, ended.then(({ text }) => text)])
  if (how === true) return
  throw new Error(
    `the worker of ${name} ${how === false ? 'is not ready in time' : `ended (${how})`}: ${faults()}`,
  )
}

/** Starts an API on a free port and waits for its first answer. */
export const startApi = async (
  stage: Stage,
  name: string,
  program: string,
  environment: Readonly<Record<string, string>>,
): Promise<Listening> => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const begun = performance.now()
  const env = { ...environment, PORT: String(port) }
  const { pid, ended, stop, faults } = await startPinned(stage, name, program, env)
  let ending: string | undefined
  void ended.then(({ text }) => {
    ending = text
  })
  const untilAlive = async (): Promise<void> => {
    while (!(await isAlive(url))) {
      if (ending !== undefined) throw new Error(`${name} ended (${ending}): ${faults()}`)
      if (performance.now() - begun > START_LIMIT_MS) throw new Error(`${name} did not start: ${faults()}`)
      await wait(LOOK_EVERY_MS)
    }
  }
  await untilAlive().catch(async (error: unknown) => {
    await stop().catch(() => {})
    throw error
  })
  return { url, pid, startMilliseconds: performance.now() - begun, stop }
}

/** The same for a candidate. */
export const startServer = async (
  stage: Stage,
  id: CandidateId,
  overrides: Readonly<Record<string, string>> = {},
): Promise<RunningServer> => {
  const environment = { ...apiEnvironment(stage, id), ...overrides }
  return { id, ...(await startApi(stage, id, API_PROGRAMS[id], environment)) }
}
