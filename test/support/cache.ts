import { Redis } from 'ioredis'
import type { World } from './app.js'
import { type Test, testServices } from './environment.js'

/** What the pods of a world keep in Redis, seen and changed from outside. */
export interface CacheProbe {
  readonly redis: Redis
  /** Where the shared answer at a path is kept. */
  readonly entryKey: (path: string) => string
  readonly lockKey: (path: string) => string
  readonly tagKey: (tag: string) => string
  /** @throws Error when there is none */
  readonly entry: (path: string) => Promise<string>
  /** Makes the kept answer one whose time is over, and that may still be given while it is made anew. */
  readonly expire: (path: string) => Promise<void>
}

/** For plain queries; the order of their parameters does not matter. */
const addressed = (address: string): string => {
  const [path = '', query = ''] = address.split('?', 2)
  const parameters = [...new URLSearchParams(query)].sort(([a], [b]) => (a < b ? -1 : 1))
  return `route:shared:${path}?${JSON.stringify(parameters)}`
}

export const createCacheProbe = (t: Test, { redisPrefix }: World, url?: string): CacheProbe => {
  const redis = new Redis(url ?? testServices().redisUrl)
  t.teardown(() => redis.disconnect())
  const entryKey = (path: string) => `${redisPrefix}:cache:${addressed(path)}`
  const entry = async (path: string): Promise<string> => {
    const text = await redis.get(entryKey(path))
    if (text === null) throw new Error(`nothing is kept of ${path}`)
    return text
  }
  return {
    redis,
    entryKey,
    lockKey: (path) => `${redisPrefix}:cache-lock:${addressed(path)}`,
    tagKey: (tag) => `${redisPrefix}:cache-tag:${tag}`,
    entry,
    expire: async (path) => {
      const text = (await entry(path)).replace(/^(2 \d+) \d+/, `$1 ${Date.now() - 1}`)
      await redis.set(entryKey(path), text, 'KEEPTTL')
    },
  }
}
