import { ConfigError } from '../environment.js'
import type { RedisClient } from '../redis/client.js'
import { infoOfMasters } from '../redis/info.js'

const policyIn = (info: string): string => /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown'

/**
 * Refuses a Redis of which any master throws keys away when its memory is full: they would be jobs. INFO, not CONFIG GET, which managed
 * servers forbid.
 * @throws ConfigError with the remedy
 */
export const refuseEviction = async (redis: RedisClient): Promise<void> => {
  const policies = (await infoOfMasters(redis, 'memory')).map(policyIn)
  const policy = policies.find((each) => each !== 'noeviction')
  if (policy === undefined) return
  throw new ConfigError([
    `QUEUE_REDIS_URL: this Redis evicts keys when its memory is full (maxmemory-policy ${policy}), and with them jobs. ` +
      'Set maxmemory-policy to noeviction (redis-cli CONFIG SET maxmemory-policy noeviction), give the queues a Redis of ' +
      'their own by QUEUE_REDIS_URL, or set REDIS_EVICTION_CHECK=off if it says so wrongly',
  ])
}
