import type { FastifyBaseLogger } from 'fastify'
import type { Redis } from 'ioredis'
import type { Allowance, Taken } from './allowance.js'
import { createPodLimiter } from './pod-limiter.js'
import { createRedisLimiter } from './redis-limiter.js'

/** After a failure Redis is left alone for so long: no request after the first waits for one that is silent. */
const PAUSE_MS = 1_000

export interface Limiter {
  /** Never rejects, and never lets through for want of Redis. */
  readonly take: (key: string, allowance: Allowance) => Promise<Taken>
}

/**
 * Counts in Redis, for all pods together, and in the pod as well: the pod's own count is what holds while Redis
 * is away, and what a Redis that lost everything cannot forgive.
 */
export const createLimiter = (redis: Redis, prefix: string, logger: FastifyBaseLogger): Limiter => {
  const common = createRedisLimiter(redis, prefix)
  const pod = createPodLimiter()
  let pausedUntil = Number.NEGATIVE_INFINITY

  const takeFromRedis = async (key: string, allowance: Allowance): Promise<Taken | undefined> => {
    if (performance.now() < pausedUntil) return undefined
    try {
      return await common.take(key, allowance)
    } catch (error) {
      pausedUntil = performance.now() + PAUSE_MS
      logger.debug({ err: error }, 'limits are kept in the pod')
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
