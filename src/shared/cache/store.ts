import type { RedisClient } from '../redis/client.js'
import type { Circuit } from './circuit.js'
import { type Entry, MAX_TAGS, readEntry, writeEntry } from './entry.js'
import type { MemoryWatch } from './memory.js'
import { newTagId, runPipeline, tagKey, tagSeconds } from './tags.js'

/** What a look at a key and its tags has found. */
export interface Sight {
  /** Only if its tags still have the ids it was loaded with, and it is not too old to be given. */
  readonly entry: Entry | undefined
  /** As they are by now; undefined when one is missing, and nothing can be kept. */
  readonly tagIds: string | undefined
}

/** An entry's place in Redis. */
export interface Place {
  readonly key: string
  readonly tags: readonly string[]
  /** How long an entry is kept, fresh and stale. */
  readonly seconds: number
}

export interface EntryStore {
  /** One round trip. @returns undefined when Redis cannot be asked or believed, as do the others */
  readonly lookUp: (place: Place) => Promise<Sight | undefined>
  /**
   * Asks for the right to load, makes sure that the tags are there, and looks up again: one round trip.
   * @returns also whose the right is: this token's, or another one's
   */
  readonly enter: (
    place: Place,
    token: string,
  ) => Promise<(Sight & { readonly holder: string | undefined }) | undefined>
  /** Removes what is no entry of ours. */
  readonly drop: (place: Place) => Promise<void>
  /** Keeps the entry if there is room, and then gives the right back, if there is one. */
  readonly keep: (place: Place, entry: Entry, token: string | undefined) => Promise<void>
  readonly leave: (place: Place, token: string) => Promise<void>
}

export interface EntryStoreNeeds {
  readonly redis: RedisClient
  readonly prefix: string
  readonly circuit: Circuit
  readonly memory: MemoryWatch
  /** Whether Redis is the server it was, and has heard of all changes; asked when its answer is there, too. */
  readonly isTrusted: () => boolean
}

/** Longer than a handler may take; then another pod may load, whatever has become of the one before. */
const LOCK_MS = 5_000

const RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"

const isText = (value: unknown): value is string => typeof value === 'string'

/** A missing tag is no id: it never equals another missing one. */
const judge = ([text, ...ids]: readonly unknown[]): Sight => {
  const tagIds = ids.every(isText) ? ids.join() : undefined
  const entry = isText(text) ? readEntry(text) : undefined
  const isValid = entry !== undefined && entry.tagIds === tagIds && entry.staleUntil > Date.now()
  return { entry: isValid ? entry : undefined, tagIds }
}

/** Entries, their tags and the locks of those who load them, in Redis. */
export const createEntryStore = ({
  redis,
  prefix,
  circuit,
  memory,
  isTrusted,
}: EntryStoreNeeds): EntryStore => {
  const entryKey = ({ key }: Place): string => `${prefix}:cache:${key}`
  const lockKey = ({ key }: Place): string => `${prefix}:cache-lock:${key}`
  const keysOf = (place: Place): string[] => {
    const keys = [entryKey(place)]
    for (const tag of place.tags) keys.push(tagKey(prefix, tag))
    return keys
  }

  /** Trusted before and after: the answer may come from another server, behind a new connection. */
  const ask = async <T extends object>(place: Place, work: () => Promise<T>): Promise<T | undefined> => {
    if (!isTrusted() || place.tags.length > MAX_TAGS) return undefined
    const answer = await circuit.attempt(work)
    return isTrusted() ? answer : undefined
  }

  const leave: EntryStore['leave'] = async (place, token) => {
    await circuit.attempt(async () => [await redis.eval(RELEASE, 1, lockKey(place), token)])
  }

  return {
    lookUp: (place) => ask(place, async () => judge(await redis.mget(keysOf(place)))),

    enter: (place, token) =>
      ask(place, async () => {
        const pipeline = redis.pipeline().set(lockKey(place), token, 'PX', LOCK_MS, 'NX')
        for (const tag of place.tags) {
          const seconds = tagSeconds(tag, place.seconds)
          // In use it stays: with a tag that runs out, all entries that have it would go at once.
          pipeline
            .set(tagKey(prefix, tag), newTagId(), 'EX', seconds, 'NX')
            .expire(tagKey(prefix, tag), seconds)
        }
        const results = await runPipeline(pipeline.get(lockKey(place)).mget(keysOf(place)))
        const [holder, values] = results.slice(-2)
        return {
          ...judge(Array.isArray(values) ? values : []),
          holder: isText(holder) ? holder : undefined,
        }
      }),

    drop: async (place) => {
      await circuit.attempt(async () => [await redis.unlink(entryKey(place))])
    },

    keep: async (place, entry, token) => {
      const text = writeEntry(entry)
      // There was room when the load began; what was kept meanwhile may have taken it.
      if (!memory.take(text)) return token === undefined ? undefined : leave(place, token)
      await circuit.attempt(() => {
        const ms = Math.max(1, entry.staleUntil - Date.now())
        const pipeline = redis.pipeline().set(entryKey(place), text, 'PX', ms)
        return runPipeline(token === undefined ? pipeline : pipeline.eval(RELEASE, 1, lockKey(place), token))
      })
    },

    leave,
  }
}
