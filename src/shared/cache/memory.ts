import type { RedisClient } from '../redis/client.js'
import { infoAt } from '../redis/info.js'
import { serverKey } from './server-trust.js'

const LOOK_EVERY_MS = 1_000
/** The last quarter is not the cache's: of a server that refuses writes when it is full, the queues need them. */
const SHARE = 0.75
/** Beside an entry's text: its key, its tags and its lock. */
const BYTES_BESIDE = 1_024
/** Its allocator rounds up by a quarter at most. */
const ROUNDING = 1.25

export interface MemoryWatch {
  /** Whether Redis has room for what can be had again. */
  readonly hasRoom: () => boolean
  /** Counts a text that is about to be kept. @returns false when there is no room for it */
  readonly take: (text: string) => boolean
}

const numberIn = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)

/** In bytes. A server that evicts makes room by itself; one without a limit has the machine's memory. */
const roomIn = (info: string): number => {
  const limit = numberIn(info, 'maxmemory') || numberIn(info, 'total_system_memory')
  if (!/^maxmemory_policy:noeviction/m.test(info) || limit === 0) return Number.POSITIVE_INFINITY
  return SHARE * limit - numberIn(info, 'used_memory')
}

/**
 * Redis is asked once a second at most, and only while somebody wants to know. What it last said counts until it has answered,
 * or if it will not say, less what this process has kept since.
 */
export const createMemoryWatch = (
  redis: RedisClient,
  prefix: string,
  note: (hasRoom: boolean) => void,
): MemoryWatch => {
  let room = Number.POSITIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  let kept = 0

  const ask = (): void => {
    askedAt = performance.now()
    // On one connection: what was kept before the question is in the answer.
    const keptBefore = kept
    infoAt(redis, serverKey(prefix), 'memory').then(
      (info) => {
        room = roomIn(info)
        kept -= keptBefore
        note(room > kept)
      },
      () => {},
    )
  }

  const hasRoom = (): boolean => {
    if (performance.now() - askedAt > LOOK_EVERY_MS) ask()
    return room > kept
  }

  return {
    hasRoom,
    take: (text) => {
      if (!hasRoom()) return false
      kept += ROUNDING * Buffer.byteLength(text) + BYTES_BESIDE
      return true
    },
  }
}
