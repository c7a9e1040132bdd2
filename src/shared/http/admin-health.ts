import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import manifest from '../../../package.json' with { type: 'json' }
import type { DatabaseConnection } from '../database/client.js'
import { findOldestOpen } from '../database/outbox-counts.js'
import { readServerFacts } from '../database/server-facts.js'
import { withDeadline } from '../deadline.js'
import { QUEUES } from '../queue/queue-names.js'
import type { RedisClient } from '../redis/client.js'

const ASK_TIMEOUT_MS = 1_000

export interface AdminHealthNeeds extends Pick<DatabaseConnection, 'database' | 'load'> {
  readonly redis: RedisClient
  readonly poolMax: number
  readonly isDraining: () => boolean
  readonly sessionWatch: { readonly ageMs: () => number }
}

const dependencySchema = z.object({
  state: z.enum(['up', 'down']),
  milliseconds: z.int().nullable().describe('how long it took to answer'),
  version: z.string().nullable(),
})
const seconds = z.number().nonnegative().nullable()

const healthSchema = z.object({
  state: z.enum(['ok', 'degraded', 'draining']),
  version: z.string(),
  node: z.string(),
  uptimeSeconds: z.int(),
  dependencies: z.object({ postgres: dependencySchema, redis: dependencySchema }),
  pool: z.object({
    connections: z.int().describe('at most'),
    running: z.int(),
    waiting: z.int(),
    longestWaitMs: z.int(),
  }),
  lags: z.object({
    oldestOpenJobSeconds: seconds.describe('null when it is not known'),
    sessionWatchSeconds: seconds.describe('null when it has never looked'),
  }),
})

type Dependency = z.infer<typeof dependencySchema>

/** Asks within a second; what fails or takes longer is down. */
const ask = async (name: string, askVersion: () => Promise<string | null>): Promise<Dependency> => {
  const begun = performance.now()
  try {
    const version = await withDeadline(name, ASK_TIMEOUT_MS, askVersion())
    return { state: 'up', milliseconds: Math.round(performance.now() - begun), version }
  } catch {
    return { state: 'down', milliseconds: null, version: null }
  }
}

const redisVersion = async (redis: RedisClient): Promise<string | null> => {
  await redis.ping()
  // The rest of its answer may be forbidden to us; that it answers is what counts.
  const info = await redis.info('server').catch(() => '')
  return /^redis_version:(\S+)/m.exec(info)?.[1] ?? null
}

const oldestOpen = async ({ database }: AdminHealthNeeds): Promise<number | null> => {
  const asked = withDeadline('the outbox', ASK_TIMEOUT_MS, findOldestOpen(database, QUEUES))
  const queues = await asked.catch(() => [])
  return queues.length === 0 ? null : Math.max(...queues.map((queue) => queue.seconds))
}

const describe = async (needs: AdminHealthNeeds): Promise<z.infer<typeof healthSchema>> => {
  const { database, redis, load, poolMax, isDraining, sessionWatch } = needs
  const [postgres, redisState, oldestOpenJobSeconds] = await Promise.all([
    ask('Postgres', async () => (await readServerFacts(database)).version),
    ask('Redis', () => redisVersion(redis)),
    oldestOpen(needs),
  ])
  const { running, waiting, longestWaitMs } = load()
  const isWhole = postgres.state === 'up' && redisState.state === 'up'
  const watchAge = sessionWatch.ageMs() / 1_000
  return {
    state: isDraining() ? 'draining' : isWhole ? 'ok' : 'degraded',
    version: manifest.version,
    node: process.version,
    uptimeSeconds: Math.round(process.uptime()),
    dependencies: { postgres, redis: redisState },
    pool: { connections: poolMax, running, waiting, longestWaitMs: Math.round(longestWaitMs) },
    lags: { oldestOpenJobSeconds, sessionWatchSeconds: Number.isFinite(watchAge) ? watchAge : null },
  }
}

/** One answer for all who ask while it is looked up: a page that asks too often must not become load. */
const together = <T>(look: () => Promise<T>): (() => Promise<T>) => {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= look().finally(() => {
      answer = undefined
    })
    return answer
  }
}

/** What an operator asks this pod: the state of all that it needs. It answers while that is away, too. */
export const registerAdminHealth = (app: FastifyInstance, needs: AdminHealthNeeds): void => {
  app.get(
    '/v1/admin/health',
    {
      config: { access: { roles: ['admin'] }, priority: 'high' },
      schema: {
        tags: ['administration'],
        summary: 'The state of this pod and of what it depends on',
        response: { 200: healthSchema },
      },
    },
    together(() => describe(needs)),
  )
}
