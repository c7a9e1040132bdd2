import type { Redis } from 'ioredis'

const LOOK_EVERY_MS = 1_000
/** The last quarter is not the cache's: of a server that refuses writes when it is full, the queues need them. */
const SHARE = 0.75

const numberIn = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)

/** A server that evicts makes room by itself; one without a limit has the machine's memory. */
const isRoomy = (info: string): boolean => {
  const limit = numberIn(info, 'maxmemory') || numberIn(info, 'total_system_memory')
  if (!/^maxmemory_policy:noeviction/m.test(info) || limit === 0) return true
  return numberIn(info, 'used_memory') < SHARE * limit
}

/**
 * Says whether Redis has room for what can be had again. Redis is asked once a second at most, and only while somebody wants
 * to know; what it last said counts until it has answered, or if it will not say.
 */
export const createMemoryWatch = (redis: Redis, note: (hasRoom: boolean) => void): (() => boolean) => {
  let hasRoom = true
  let askedAt = Number.NEGATIVE_INFINITY
  return () => {
    if (performance.now() - askedAt > LOOK_EVERY_MS) {
      askedAt = performance.now()
      redis.info('memory').then(
        (info) => {
          hasRoom = isRoomy(info)
          note(hasRoom)
        },
        () => {},
      )
    }
    return hasRoom
  }
}
