import { freePort } from '../../dev/stack/ports.js'
import { createCall, type World } from './app.js'
import type { Test } from './environment.js'
import type { Server } from './fleet.js'
import { type RunningProcess, startFile } from './process.js'
import { until } from './until.js'

/** The two HTTP servers that Nest runs on. */
export type Adapter = 'express' | 'fastify'

const FOLDER = 'comparison/nest/dist'
/** Of a Nest process on a machine that has other work. */
const START_LIMIT_MS = 60_000

/** What it gets of a world's environment: a variable of ours that it does not know would only confuse. */
const SHARED = ['NODE_ENV', 'LOG_LEVEL', 'DATABASE_URL', 'DATABASE_POOL_MAX', 'REDIS_URL', 'REDIS_PREFIX']
const environmentOf = ({ env }: World): Record<string, string> =>
  Object.fromEntries(
    [...SHARED, 'DATA_DIR', 'JWT_PRIVATE_KEYS'].flatMap((name) => {
      const value = env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )

const isAlive = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}

/** Starts a Nest API in the world and waits until it answers. It must have been built: dev/baseline.ts does. */
export const startBaseline = async (
  t: Test,
  world: World,
  adapter: Adapter,
  overrides: Readonly<Record<string, string>> = {},
): Promise<Server> => {
  const port = await freePort()
  const env = { ...environmentOf(world), PORT: String(port), HTTP_ADAPTER: adapter, ...overrides }
  const running = await startFile(t, `${FOLDER}/main.js`, env)
  const url = `http://127.0.0.1:${port}`
  let over = false
  void running.exit.then(() => {
    over = true
  })
  await until(
    `Nest on ${adapter}`,
    () => {
      if (over) throw new Error(`Nest on ${adapter} ended: ${running.stderr()}`)
      return isAlive(url)
    },
    START_LIMIT_MS,
  )
  return { ...running, url, call: createCall(url) }
}

/** Starts the Nest worker, which mails. */
export const startBaselineWorker = (t: Test, world: World): Promise<RunningProcess> =>
  startFile(t, `${FOLDER}/worker.js`, environmentOf(world))
