import type { FastifyBaseLogger } from 'fastify'
import type { RedisClient } from '../redis/client.js'
import type { Allowance, Taken } from './allowance.js'
import { createPodLimiter } from './pod-limiter.js'
import { createRedisLimiter } from './redis-limiter.js'

/** After a failure Redis is left alone for so long; then one request tries it, and no other waits for that. */
const PAUSE_MS = 1_000

export interface Limiter {
  /** Never rejects, and never lets through for want of Redis. */
  readonly take: (key: string, allowance: Allowance) => Promise<Taken>
}

/**
 * Counts in Redis, for all pods together, and in the pod as well: the pod's own count is what holds while Redis
 * is away, and what a Redis that lost everything cannot forgive.
 */
export const createLimiter = (redis: RedisClient, prefix: string, logger: FastifyBaseLogger): Limiter => {
  const common = createRedisLimiter(redis, prefix)
  const pod = createPodLimiter()
  let pausedUntil = Number.NEGATIVE_INFINITY
  let isAway = false

  const takeFromRedis = async (key: string, allowance: Allowance): Promise<Taken | undefined> => {
    if (performance.now() < pausedUntil) return undefined
    if (isAway) pausedUntil = performance.now() + PAUSE_MS
    try {
      const taken = await common.take(key, allowance)
      isAway = false
      pausedUntil = Number.NEGATIVE_INFINITY
      return taken
    } catch (error) {
      if (!isAway) logger.warn({ err: error }, 'each pod keeps its own limits while redis is away')
      isAway = true
      pausedUntil = performance.now() + PAUSE_MS
      return undefined
    }
  }

  return {
    take: async (key, allowance) => {
      const shared = await takeFromRedis(key, allowance)
      // Refused by all: not counted here either.
      if (shared && shared.current > allowance.max) return shared
      const own = pod.take(key, allowance)
      return shared && shared.current >= own.current ? shared : own
    },
  }
}
