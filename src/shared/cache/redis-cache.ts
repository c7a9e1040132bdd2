import type { Redis } from 'ioredis'

/** Texts with a time to live, in Redis. */
export interface RedisCache {
  /** Rejects when Redis is away or slower than the connection's command time-out. */
  readonly find: (key: string) => Promise<string | null>
  readonly store: (key: string, text: string, ttlSeconds: number) => Promise<void>
  readonly remove: (key: string) => Promise<void>
}

export const createRedisCache = (redis: Redis, prefix: string): RedisCache => ({
  find: (key) => redis.get(`${prefix}:cache:${key}`),
  store: async (key, text, ttlSeconds) => {
    await redis.set(`${prefix}:cache:${key}`, text, 'EX', ttlSeconds)
  },
  remove: async (key) => {
    await redis.unlink(`${prefix}:cache:${key}`)
  },
})
