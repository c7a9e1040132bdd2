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

/** What was found, and when, in seconds since 1970 by the database's clock. */
export interface EndedSessions {
  readonly asOf: number
  readonly sessions: readonly EndedSession[]
}

export interface SessionWatchNeeds {
  /** What has ended within the last `seconds`, or since `since`, if that is earlier; at most `limit`, the latest first. */
  readonly findEnded: (seconds: number, since: number | undefined, limit: number) => Promise<EndedSessions>
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
  /** The last look, if it found everything: when it began, by this process's own clock and by the database's. */
  let vouched: { readonly at: number; readonly asOf: number } | undefined
  let inFlight: Promise<void> | undefined
  let inFlightSince = 0
  let queued: Promise<void> | undefined

  const forgetOld = (now: number): void => {
    for (const [id, forgetAt] of ended) if (forgetAt <= now) ended.delete(id)
  }

  /**
   * Looks reach back to the last one by both clocks. The database's may be set, or be another server's after a failover: by how
   * much time has passed here alone, what ended before a leap forward would be too old to be found; by its own time alone, what
   * ended after a leap back would be.
   */
  const read = async (): Promise<void> => {
    const begun = performance.now()
    const seconds = vouched ? (begun - vouched.at) / 1_000 + OVERLAP_SECONDS : WINDOW_SECONDS
    const within = Math.min(seconds, WINDOW_SECONDS)
    const { asOf, sessions } = await findEnded(
      within,
      vouched && vouched.asOf - OVERLAP_SECONDS,
      capacity + 1,
    )
    forgetOld(begun)
    let fits = true
    for (const { id, age } of sessions) {
      // What looks older ended before a leap, and not before the last look.
      const left = WINDOW_SECONDS - Math.min(age, within)
      if (ended.has(id) || ended.size < capacity) ended.set(id, begun + left * 1_000)
      else fits = false
    }
    vouched = fits ? { at: begun, asOf } : undefined
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

  const ageMs = (): number => (vouched ? performance.now() - vouched.at : Number.POSITIVE_INFINITY)

  return {
    verdict: (sessionId) => {
      if (ended.has(sessionId)) return 'ended'
      return ageMs() < STALE_AFTER_MS ? 'live' : 'unknown'
    },

    ageMs,

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
