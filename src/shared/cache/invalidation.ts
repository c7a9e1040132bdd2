import type { FastifyBaseLogger } from 'fastify'
import type { RedisClient } from '../redis/client.js'
import { ALL, tagKey } from './tags.js'

export interface Invalidation {
  /** Makes every entry with one of these tags a miss, on all pods. Never rejects: what Redis was not told is told later. */
  readonly invalidate: (tags: readonly string[]) => Promise<void>
  /** Whether Redis has not heard of everything yet: what it has may be old. */
  readonly isBehind: () => boolean
  readonly close: () => Promise<void>
}

const RETRY_MS = 1_000
/** Beyond that all entries are given up, which one tag says. */
const MAX_TAGS = 1_000

const boundedTo = (tags: Iterable<string>): Set<string> => {
  const set = new Set(tags)
  return set.size > MAX_TAGS ? new Set([ALL]) : set
}

/** Tags of changes in Redis; those of an outage in this pod, until Redis can be told. */
export const createInvalidation = (
  redis: RedisClient,
  prefix: string,
  logger: FastifyBaseLogger,
  note: (outcome: 'told' | 'late') => void,
): Invalidation => {
  let untold = new Set<string>()
  let telling: Promise<void> | undefined
  let isLate = false
  let retry: NodeJS.Timeout | undefined
  let isClosed = false

  const tryLater = (): void => {
    if (isClosed) return
    retry ??= setTimeout(() => {
      retry = undefined
      void invalidate([])
    }, RETRY_MS).unref()
  }

  /** Tags that are gone are a miss as changed ones are; and a Redis that is full still removes. */
  const tell = async (): Promise<void> => {
    const batch = untold
    // Taken out before, not after: what is noted while these are told is another change.
    untold = new Set()
    try {
      await redis.unlink([...batch].map((tag) => tagKey(prefix, tag)))
      isLate = false
      note('told')
    } catch (error) {
      logger.debug({ err: error }, 'changes not told to the cache yet')
      untold = boundedTo([...untold, ...batch])
      isLate = true
      note('late')
      tryLater()
    }
  }

  const invalidate: Invalidation['invalidate'] = async (tags) => {
    untold = boundedTo([...untold, ...tags])
    // What is on its way does not have these. Whoever comes first behind it takes along what all have noted.
    await telling
    if (untold.size > 0 || telling) {
      telling ??= tell().finally(() => {
        telling = undefined
      })
      await telling
    }
  }

  const tellNow = (): void => void invalidate([])
  redis.on('ready', tellNow)

  return {
    invalidate,
    isBehind: () => isLate,
    close: async () => {
      // Once more and no longer than a command may take: nobody is there afterwards to tell it.
      await invalidate([])
      isClosed = true
      clearTimeout(retry)
      redis.off('ready', tellNow)
    },
  }
}
