import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { tooManyRequests } from '../errors.js'
import type { Allowance } from '../limits/allowance.js'
import { createLimiter, type Limiter } from '../limits/limiter.js'
import type { RedisClient } from '../redis/client.js'
import { clientAddress } from './origin.js'

/** One limit: its name is the beginning of its keys, so that no two share a count. */
export interface Limit extends Allowance {
  readonly name: string
  /** Who or what is counted. */
  readonly keyOf: (request: FastifyRequest) => string
}

export type LimitHook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** The address as it is counted: an IPv6 network of 64 bits is one subscriber's. */
export const addressOf = (request: FastifyRequest): string =>
  `address:${rateLimit.normalizeIP(clientAddress(request) ?? 'unknown')}`

const callerOf = (request: FastifyRequest): string =>
  request.principal ? `user:${request.principal.userId}` : addressOf(request)

/** The plugin's store on top of ours; it asks with the window and the maximum of the limit in question. */
const createStore = (limiter: Limiter) =>
  class implements FastifyRateLimitStore {
    incr: FastifyRateLimitStore['incr'] = (key, callback, windowMs = 0, max = 0) => {
      limiter.take(key, { windowMs, max }).then(
        ({ current, ttlMs }) => callback(null, { current, ttl: ttlMs }),
        (error: Error) => callback(error),
      )
    }

    child(): FastifyRateLimitStore {
      return this
    }
  }

const note = (reply: FastifyReply, limit: { max: number; remaining: number; ttlInSeconds: number }): void => {
  reply.header('ratelimit-limit', limit.max)
  reply.header('ratelimit-remaining', limit.remaining)
  reply.header('ratelimit-reset', limit.ttlInSeconds)
}

/**
 * Makes a hook that refuses with 429 and Retry-After once the limit is reached. Several may stand on a route;
 * the headers tell of the last one.
 */
export const limitBy = (app: FastifyInstance, { name, max, windowMs, keyOf }: Limit): LimitHook => {
  const check = app.createRateLimit({
    max,
    timeWindow: windowMs,
    keyGenerator: (request) => `${name}:${keyOf(request)}`,
  })
  return async (request, reply) => {
    const result = await check(request)
    if (result.isAllowed) return
    note(reply, result)
    if (!result.isExceeded) return
    reply.header('retry-after', Math.max(1, result.ttlInSeconds))
    throw tooManyRequests()
  }
}

export interface RateLimitNeeds {
  readonly redis: RedisClient
  readonly prefix: string
  /** Requests of one caller in a minute. */
  readonly perMinute: number
  readonly logger: FastifyBaseLogger
}

/**
 * Makes limits possible, with `limitBy`. Call it before the routes are added.
 * @returns the hook of the general limit: what each caller may ask in a minute, be it a user on whatever pod
 * and address, or an address where nobody is signed in
 */
export const registerRateLimit = async (
  app: FastifyInstance,
  { redis, prefix, perMinute, logger }: RateLimitNeeds,
): Promise<LimitHook> => {
  const store = createStore(createLimiter(redis, prefix, logger))
  // Not the plugin's own hooks: of them only one runs in a request, and log-in has three limits.
  await app.register(rateLimit, { global: false, store })
  return limitBy(app, { name: 'general', max: perMinute, windowMs: 60_000, keyOf: callerOf })
}
