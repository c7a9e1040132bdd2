import type { Caller } from './auth.claims.js'

/** About 3 MB. Whoever is not among them costs a signature's check. */
const CAPACITY = 5_000

/**
 * Remembers for whom a token spoke, by the text that it came in: the same text passes the same checks, until it expires.
 * Only what has passed all of them is kept, so made-up tokens push nobody out. Whether the session goes on is not known
 * here: it has to be asked each time.
 */
export interface KnownCallers {
  readonly find: (authorization: string) => Caller | undefined
  readonly keep: (authorization: string, caller: Caller) => void
}

export const createKnownCallers = (capacity = CAPACITY): KnownCallers => {
  const callers = new Map<string, Caller>()

  return {
    find: (authorization) => {
      const caller = callers.get(authorization)
      if (!caller || Date.now() < caller.expiresAt) return caller
      callers.delete(authorization)
      return undefined
    },
    keep: (authorization, caller) => {
      const [oldest] = callers.keys()
      if (callers.size >= capacity && oldest !== undefined) callers.delete(oldest)
      callers.set(authorization, caller)
    },
  }
}
