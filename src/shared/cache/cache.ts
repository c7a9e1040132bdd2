import type { FastifyBaseLogger } from 'fastify'
import type { Redis } from 'ioredis'
import type { z } from 'zod'
import { isInsideTransaction } from '../database/changes.js'
import { createCircuit } from './circuit.js'
import type { Entry } from './entry.js'
import { createInvalidation } from './invalidation.js'
import { createSingleFlight, isFresh, type Load, type Turn } from './single-flight.js'
import { createEntryStore, type Place, type Sight } from './store.js'
import { ALL } from './tags.js'

/** How long a value is kept, and what makes it old before. */
export interface Policy {
  readonly ttlSeconds: number
  /** How long after that it may still be given to others while one caller loads a new one. */
  readonly staleSeconds: number
  /** A change of any of them makes the value a miss. */
  readonly tags: readonly string[]
}

/** What was loaded. */
export interface Loaded {
  readonly status: number
  readonly etag: string | undefined
  readonly body: string
}

export interface Cache {
  /** What is kept there. @returns undefined when Redis cannot be asked, or has not heard of all that this pod changed */
  readonly find: (key: string, policy: Policy) => Promise<Sight | undefined>
  /** For who has found nothing fresh. @param stale what he has found */
  readonly join: (key: string, policy: Policy, stale: Entry | undefined) => Promise<Turn>
  /** Keeps what the leader has loaded, if it is not too long. */
  readonly keep: (load: Load, policy: Policy, loaded: Loaded) => void
  /** A value from the cache, or else loaded, by one caller for all. @throws whatever `load` throws; nothing is kept then */
  readonly wrap: <T>(
    key: string,
    policy: Policy & { readonly schema: z.ZodType<T> },
    load: () => Promise<T>,
  ) => Promise<T>
  readonly invalidate: (tags: readonly string[]) => Promise<void>
  readonly close: () => void
}

/** Above any list's usual page; what is longer is loaded each time. */
const MAX_BODY_BYTES = 1_048_576
const PAUSE_AFTER_FAILURE_MS = 1_000

const placeOf = (key: string, { ttlSeconds, staleSeconds, tags }: Policy): Place => ({
  key,
  tags: [ALL, ...tags],
  seconds: ttlSeconds + staleSeconds,
})

const keep: Cache['keep'] = (load, { ttlSeconds, staleSeconds }, loaded) => {
  if (Buffer.byteLength(loaded.body) > MAX_BODY_BYTES) return load.giveUp()
  const freshUntil = Date.now() + ttlSeconds * 1_000
  load.keep({ ...loaded, freshUntil, staleUntil: freshUntil + staleSeconds * 1_000 })
}

/** Undefined for what is no value of this kind, such as one of another version of the service. */
const readValue = <T>(schema: z.ZodType<T>, body: string): T | undefined => {
  try {
    return schema.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}

/**
 * A cache in Redis that is never older than a write that was answered, as far as Redis can be reached (docs/cache.md). The
 * connection must give up on a silent server by itself.
 */
export const createCache = (redis: Redis, prefix: string, logger: FastifyBaseLogger): Cache => {
  const store = createEntryStore(redis, prefix, createCircuit(PAUSE_AFTER_FAILURE_MS, logger))
  // Without the circuit: one look-up that took too long must keep no write from being told.
  const { invalidate, isBehind, close } = createInvalidation(redis, prefix, logger)
  const join = createSingleFlight(store)

  const find: Cache['find'] = async (key, policy) =>
    isBehind() ? undefined : store.lookUp(placeOf(key, policy))

  const turnOf = async (key: string, policy: Policy): Promise<Turn> => {
    const seen = await find(key, policy)
    if (!seen) return { do: 'bypass' }
    return isFresh(seen.entry) ? { do: 'give', entry: seen.entry } : join(placeOf(key, policy), seen.entry)
  }

  const loadAndKeep = async <T>(load: Load, policy: Policy, work: () => Promise<T>): Promise<T> => {
    try {
      const value = await work()
      const body: string | undefined = JSON.stringify(value)
      if (body !== undefined) keep(load, policy, { status: 200, etag: undefined, body })
      return value
    } finally {
      load.giveUp()
    }
  }

  return {
    find,
    join: (key, policy, stale) => join(placeOf(key, policy), stale),
    keep,
    wrap: async (key, policy, load) => {
      // It may see what is not committed, and must see what it has written itself.
      if (isInsideTransaction()) return load()
      const turn = await turnOf(`value:${key}`, policy)
      if (turn.do === 'load') return loadAndKeep(turn.load, policy, load)
      const value = turn.do === 'give' ? readValue(policy.schema, turn.entry.body) : undefined
      return value === undefined ? load() : value
    },
    invalidate,
    close,
  }
}
