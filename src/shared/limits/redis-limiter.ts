import type { Callback, Result } from 'ioredis'
import type { RedisClient } from '../redis/client.js'
import { type Allowance, EXACT_UP_TO, type Taken } from './allowance.js'
import { createLeases } from './leases.js'

/** The same rules as in `pod-limiter.ts`, by Redis' own clock, for all pods together. */
const TAKE = `
  local key = KEYS[1]
  local window = tonumber(ARGV[1])
  local max = tonumber(ARGV[2])
  local exact = ARGV[3] == '1'

  if not exact then
    local pieces = tonumber(ARGV[4])
    local count = redis.call('INCRBY', key, pieces)
    if count == pieces then redis.call('PEXPIRE', key, window) end
    local ttl = redis.call('PTTL', key)
    if ttl < 0 then
      redis.call('PEXPIRE', key, window)
      ttl = window
    end
    return { count, ttl }
  end

  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local oldest = redis.call('LINDEX', key, 0)
  while oldest and tonumber(oldest) <= now - window do
    redis.call('LPOP', key)
    oldest = redis.call('LINDEX', key, 0)
  end
  local current = redis.call('LLEN', key) + 1
  if current <= max then
    redis.call('RPUSH', key, string.format('%.0f', now))
    redis.call('PEXPIRE', key, window)
  end
  return { current, (oldest and tonumber(oldest) or now) + window - now }
`

declare module 'ioredis' {
  interface RedisCommander<Context> {
    takeFromAllowance(
      key: string,
      windowMs: number,
      max: number,
      exact: 0 | 1,
      pieces: number,
      callback?: Callback<[number, number]>,
    ): Result<[number, number], Context>
  }
}

export interface RedisLimiter {
  /** Rejects when Redis is away or slower than the connection's command time-out. */
  readonly take: (key: string, allowance: Allowance) => Promise<Taken>
}

export const createRedisLimiter = (redis: RedisClient, prefix: string): RedisLimiter => {
  redis.defineCommand('takeFromAllowance', { numberOfKeys: 1, lua: TAKE })
  const take = async (key: string, { max, windowMs }: Allowance, exact: 0 | 1, pieces: number) => {
    const name = `${prefix}:limit:${key}`
    const [current, ttlMs] = await redis.takeFromAllowance(name, windowMs, max, exact, pieces)
    return { current, ttlMs }
  }
  const leases = createLeases((key, allowance, pieces) => take(key, allowance, 0, pieces))
  return {
    take: (key, allowance) =>
      allowance.max <= EXACT_UP_TO ? take(key, allowance, 1, 1) : leases.take(key, allowance),
  }
}
