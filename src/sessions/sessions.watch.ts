import { withDeadline } from '../shared/deadline.js'
import { ACCESS_TOKEN_SECONDS } from '../shared/principal.js'

/**
 * Knows which sessions have ended, so that their access tokens are refused before they expire.
 *
 * An access token is good for ten minutes on its signature alone, so only what ended within the last ten
 * minutes matters: a list small enough for each pod's memory, and a request costs a look into a map. The
 * list is read from Postgres once a second. The alternatives: a look-up in Redis or Postgres on each request
 * is a round trip on each request, and Redis may be away; a push over Redis or LISTEN would save most of the
 * second, for one more connection a pod and a poll all the same, since a push can get lost. The pod that ends
 * a session looks at once.
 *
 * When the list cannot vouch (Postgres did not answer for seconds, or more sessions ended than it holds), the
 * verdict is `unknown`, and whoever asks must ask Postgres about that one session: slower, never open.
 */
export interface SessionWatch {
  readonly verdict: (sessionId: string) => 'live' | 'ended' | 'unknown'
  /** How old the list is, in milliseconds; Infinity when it vouches for nothing. */
  readonly ageMs: () => number
  /** Reads what has ended since the last look. Never rejects: a look that fails leaves the list as it was. */
  readonly catchUp: () => Promise<void>
  /** Looks now and once a second from then on; `close` waits for the look under way, at most two seconds. */
  readonly start: () => Promise<{ readonly close: () => Promise<void> }>
}

/** A session that ended so many seconds ago, by the database's clock. */
export interface EndedSession {
  readonly id: string
  readonly age: number
}

export interface SessionWatchNeeds {
  /** What has ended within the last `seconds`; at most `limit`, the latest first. */
  readonly findEnded: (seconds: number, limit: number) => Promise<EndedSession[]>
  /** Ended sessions held at most: 100,000 are about 10 MB. */
  readonly capacity?: number
}

const CAPACITY = 100_000
const LOOK_EVERY_MS = 1_000
const LOOK_TIMEOUT_MS = 2_000
/** A look that Postgres never answers holds one connection: the next one waits this long for it. */
const GIVE_UP_AFTER_MS = 10_000
/** A list older than this no longer vouches: "on every pod within 5 s", less the time of a request. */
const STALE_AFTER_MS = 4_000
/** A transaction shows what it ended when it commits: looks reach back further than the longest one takes. */
const OVERLAP_SECONDS = 30
/** Tokens live by the pods' clocks, sessions end by the database's. */
const SKEW_SECONDS = 60
const WINDOW_SECONDS = ACCESS_TOKEN_SECONDS + SKEW_SECONDS

export const createSessionWatch = ({ findEnded, capacity = CAPACITY }: SessionWatchNeeds): SessionWatch => {
  /** Session ids, and when each may be forgotten, in milliseconds of this process's own clock. */
  const ended = new Map<string, number>()
  /** When the last look that found everything began; it reaches back over the whole window at first. */
  let vouchedAt = Number.NEGATIVE_INFINITY
  let inFlight: Promise<void> | undefined
  let inFlightSince = 0
  let queued: Promise<void> | undefined

  const forgetOld = (now: number): void => {
    for (const [id, forgetAt] of ended) if (forgetAt <= now) ended.delete(id)
  }

  const read = async (): Promise<void> => {
    const begun = performance.now()
    const seconds = Math.min((begun - vouchedAt) / 1_000 + OVERLAP_SECONDS, WINDOW_SECONDS)
    const rows = await findEnded(seconds, capacity + 1)
    forgetOld(begun)
    let fits = true
    for (const { id, age } of rows) {
      if (ended.has(id) || ended.size < capacity) ended.set(id, begun + (WINDOW_SECONDS - age) * 1_000)
      else fits = false
    }
    vouchedAt = fits ? begun : Number.NEGATIVE_INFINITY
  }

  const bounded = (reading: Promise<void>): Promise<void> =>
    withDeadline('the list of ended sessions', LOOK_TIMEOUT_MS, reading).catch(() => undefined)

  const look = (): Promise<void> => {
    const reading: Promise<void> = read().finally(() => {
      if (inFlight === reading) inFlight = undefined
    })
    inFlight = reading
    inFlightSince = performance.now()
    return bounded(reading)
  }

  const lookUnlessLooking = async (): Promise<void> => {
    if (inFlight === undefined || performance.now() - inFlightSince > GIVE_UP_AFTER_MS) await look()
  }

  return {
    verdict: (sessionId) => {
      if (ended.has(sessionId)) return 'ended'
      return performance.now() - vouchedAt < STALE_AFTER_MS ? 'live' : 'unknown'
    },

    ageMs: () => performance.now() - vouchedAt,

    // A look that is under way may have begun before the session ended: one more, for all who wait by then.
    catchUp: () => {
      queued ??= Promise.resolve(inFlight && bounded(inFlight)).then(() => {
        queued = undefined
        return look()
      })
      return queued
    },

    start: async () => {
      await look()
      const timer = setInterval(() => void lookUnlessLooking(), LOOK_EVERY_MS)
      return {
        close: async () => {
          clearInterval(timer)
          if (inFlight) await bounded(inFlight)
        },
      }
    },
  }
}
