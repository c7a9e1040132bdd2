import type { Redis } from 'ioredis'
import type { Circuit } from './circuit.js'
import { ALL, newTagId, runPipeline, tagKey } from './tags.js'

export interface Invalidation {
  /** Makes every entry with one of these tags a miss, on all pods. Never rejects: what Redis was not told is told later. */
  readonly invalidate: (tags: readonly string[]) => Promise<void>
  /** Whether Redis has not heard of everything yet: what it has may be old. */
  readonly isBehind: () => boolean
  readonly close: () => void
}

const RETRY_MS = 1_000
/** Beyond that all entries are given up, which one tag says. */
const MAX_TAGS = 1_000

const boundedTo = (tags: Iterable<string>): Set<string> => {
  const set = new Set(tags)
  return set.size > MAX_TAGS ? new Set([ALL]) : set
}

/** Tags of changes in Redis; those of an outage in this pod, until Redis can be told. */
export const createInvalidation = (redis: Redis, prefix: string, circuit: Circuit): Invalidation => {
  let untold = new Set<string>()
  let retelling = 0
  let retry: NodeJS.Timeout | undefined
  let isClosed = false

  /** A tag that nobody has set yet has no entries: XX makes no key for what nobody reads. */
  const changeIds = async (tags: ReadonlySet<string>): Promise<unknown[]> => {
    const pipeline = redis.pipeline()
    for (const tag of tags) pipeline.set(tagKey(prefix, tag), newTagId(), 'KEEPTTL', 'XX')
    return runPipeline(pipeline)
  }

  const tryLater = (): void => {
    if (isClosed) return
    retry ??= setTimeout(() => {
      retry = undefined
      void invalidate([])
    }, RETRY_MS).unref()
  }

  const invalidate: Invalidation['invalidate'] = async (tags) => {
    const batch = boundedTo([...untold, ...tags])
    if (batch.size === 0) return
    const late = untold.size > 0 ? 1 : 0
    // Taken out before, not after: what is noted while these are told is another change.
    untold = new Set()
    retelling += late
    const told = await circuit.attempt(() => changeIds(batch))
    retelling -= late
    if (!told) untold = boundedTo([...untold, ...batch])
    if (untold.size > 0) tryLater()
  }

  // A server that was away may be another one, or have come back with what it had a while ago.
  let wasLost = false
  const noteLoss = (): void => {
    wasLost = true
  }
  const distrust = (): void => {
    if (wasLost) void invalidate([ALL])
    wasLost = false
  }
  redis.on('close', noteLoss).on('ready', distrust)

  return {
    invalidate,
    isBehind: () => untold.size > 0 || retelling > 0,
    close: () => {
      isClosed = true
      clearTimeout(retry)
      redis.off('close', noteLoss).off('ready', distrust)
    },
  }
}
