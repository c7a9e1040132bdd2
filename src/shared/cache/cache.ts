import type { FastifyBaseLogger } from 'fastify'
import type { Registry } from 'prom-client'
import type { z } from 'zod'
import { isInsideTransaction } from '../database/changes.js'
import type { RedisClient } from '../redis/client.js'
import {
  type CacheMetrics,
  type CacheOutcome,
  createCacheMetrics,
  registerCircuitMetric,
} from './cache-metrics.js'
import { createCircuit } from './circuit.js'
import type { Entry } from './entry.js'
import { createInvalidation } from './invalidation.js'
import { createMemoryWatch } from './memory.js'
import { createServerTrust } from './server-trust.js'
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

export interface ValuePolicy<T> extends Policy {
  /** For the metrics: one of few. */
  readonly name: string
  readonly schema: z.ZodType<T>
}

/** What was loaded. */
export interface Loaded {
  readonly status: number
  readonly etag: string | undefined
  readonly body: string
}

export interface Cache {
  /**
   * What is kept there.
   * @returns undefined when Redis cannot be asked or believed, or has not heard of all that this pod changed; and for
   * more tags than an entry can have
   */
  readonly find: (key: string, policy: Policy) => Promise<Sight | undefined>
  /**
   * For who has found nothing fresh.
   * @param stale what he has found
   * @param waitedMs how long his caller has waited already
   * @throws unavailable when it was too long
   */
  readonly join: (key: string, policy: Policy, stale: Entry | undefined, waitedMs: number) => Promise<Turn>
  /** Keeps what the leader has loaded; what is too long only for those who wait. */
  readonly keep: (load: Load, policy: Policy, loaded: Loaded) => void
  /** A value from the cache, or else loaded, by one caller for all. @throws whatever `load` throws, and keeps nothing then; unavailable as `join` */
  readonly wrap: <T>(key: string, policy: ValuePolicy<T>, load: () => Promise<T>) => Promise<T>
  readonly invalidate: (tags: readonly string[]) => Promise<void>
  /** Says where something came from, for the metrics. */
  readonly count: CacheMetrics['asked']
  /** What was noted is told to Redis, if it answers. */
  readonly close: () => Promise<void>
}

export interface CacheNeeds {
  /** It must give up on a silent server by itself. */
  readonly redis: RedisClient
  /** Of all that this deployment keeps in Redis. */
  readonly prefix: string
  readonly logger: FastifyBaseLogger
  readonly registry: Registry
  /** False gives no values and keeps none; what has changed is told all the same, for other pods. */
  readonly enabled: boolean
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
  const freshUntil = Date.now() + ttlSeconds * 1_000
  const fresh = { ...loaded, freshUntil, staleUntil: freshUntil + staleSeconds * 1_000 }
  if (Buffer.byteLength(loaded.body) > MAX_BODY_BYTES) load.share(fresh)
  else load.keep(fresh)
}

const outcomeOf = (turn: Turn, found: Entry | undefined): CacheOutcome => {
  if (turn.do === 'load') return turn.isAlone ? 'bypass' : 'miss'
  if (turn.entry === found && isFresh(found)) return 'hit'
  return isFresh(turn.entry) ? 'wait' : 'stale'
}

/** Undefined for what is no value of this kind, such as one of another version of the service. */
const readValue = <T>(schema: z.ZodType<T>, body: string): T | undefined => {
  try {
    return schema.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}

/** A cache in Redis that is never older than a write that was answered, as far as Redis can be reached (docs/cache.md). */
export const createCache = ({ redis, prefix, logger, registry, enabled }: CacheNeeds): Cache => {
  const metrics = createCacheMetrics(registry)
  const trust = createServerTrust(redis, prefix, logger)
  // Without the circuit: one look-up that took too long must keep no write from being told.
  const { invalidate, isBehind, close } = createInvalidation(redis, prefix, logger, metrics.told)
  const isTrusted = (): boolean => trust.isTrusted() && !isBehind()
  const circuit = createCircuit(PAUSE_AFTER_FAILURE_MS, logger)
  registerCircuitMetric(registry, () => isTrusted() && !circuit.isOpen())
  const memory = createMemoryWatch(redis, prefix, metrics.room)
  const store = createEntryStore({ redis, prefix, circuit, memory, isTrusted })
  const join = createSingleFlight({ store, memory })

  const find: Cache['find'] = (key, policy) => store.lookUp(placeOf(key, policy))

  const turnOf = async (key: string, { name, ...policy }: ValuePolicy<unknown>): Promise<Turn> => {
    const seen = await find(key, policy)
    const turn: Turn = isFresh(seen?.entry)
      ? { do: 'give', entry: seen.entry }
      : await join(placeOf(key, policy), seen?.entry, 0)
    metrics.asked(name, outcomeOf(turn, seen?.entry))
    return turn
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

  const giveValue = async <T>(key: string, policy: ValuePolicy<T>, load: () => Promise<T>): Promise<T> => {
    const turn = await turnOf(key, policy)
    if (turn.do === 'load') return loadAndKeep(turn.load, policy, load)
    const value = readValue(policy.schema, turn.entry.body)
    if (value !== undefined) return value
    // Of another release, or nobody's: a miss, for one of all who find it.
    await store.drop(placeOf(key, policy))
    const second = await turnOf(key, policy)
    if (second.do === 'load') return loadAndKeep(second.load, policy, load)
    return readValue(policy.schema, second.entry.body) ?? load()
  }

  return {
    find,
    join: (key, policy, stale, waitedMs) => join(placeOf(key, policy), stale, waitedMs),
    keep,
    wrap: async (key, policy, load) => {
      // Inside one it may see what is not committed, and must see what it has written itself.
      if (!enabled || isInsideTransaction()) {
        metrics.asked(policy.name, 'bypass')
        return load()
      }
      return giveValue(`value:${key}`, policy, load)
    },
    invalidate,
    count: metrics.asked,
    close: async () => {
      await close()
      trust.close()
    },
  }
}
