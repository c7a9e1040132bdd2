import type { Redis } from 'ioredis'
import { ConfigError } from '../config.js'

const policyOf = async (redis: Redis): Promise<string | undefined> =>
  /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1]

/**
 * Refuses a Redis that throws keys away when its memory is full: they would be jobs. INFO, not CONFIG GET, which managed
 * servers forbid.
 * @throws ConfigError with the remedy
 */
export const refuseEviction = async (redis: Redis): Promise<void> => {
  const policy = await policyOf(redis)
  if (policy === 'noeviction') return
  throw new ConfigError([
    `QUEUE_REDIS_URL: this Redis evicts keys when its memory is full (maxmemory-policy ${policy ?? 'unknown'}), and with them jobs. ` +
      'Set maxmemory-policy to noeviction (redis-cli CONFIG SET maxmemory-policy noeviction), give the queues a Redis of ' +
      'their own by QUEUE_REDIS_URL, or set REDIS_EVICTION_CHECK=off if it says so wrongly',
  ])
}
