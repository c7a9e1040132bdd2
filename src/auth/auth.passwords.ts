import { hash, verify } from '@node-rs/argon2'
import { createBulkhead } from '../shared/bulkhead.js'

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane, at least. */
const ARGON2ID = {
  // `Algorithm.Argon2id`: the package declares a const enum, which isolated modules cannot read.
  algorithm: 2,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
} as const

/** Some hash of nothing anybody knows: an unknown address costs the same time as a wrong password. */
const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IG9mIG91cnM$3T1cGjGvOZr6mXt0Ww2hY0n1u1rVdI0y5mXt0Ww2hY0'

/** At about 25 ms each: whoever is last in line waits half a second, on a machine that does little else. */
const MAX_WAITING = 20
const MAX_WAIT_MS = 1_500

export interface Passwords {
  /** The salt and the costs are part of the text. @throws unavailable when too many wait already */
  readonly hash: (password: string) => Promise<string>
  /**
   * Whether the password is the one that was hashed; false, after the same time, if there is no hash.
   * @throws unavailable when too many wait already
   */
  readonly verify: (passwordHash: string | undefined, password: string) => Promise<boolean>
  /**
   * Takes a place among those who hash or wait, for a request that is going to: undefined when there is none,
   * before anything is counted or read for it. What is returned gives the place back.
   */
  readonly takePlace: () => (() => void) | undefined
  readonly areBusy: () => boolean
}

/** The same characters typed on another device may be other code points (NIST SP 800-63B, 3.1.1.2). */
const normalise = (password: string): string => password.normalize('NFKC')

/**
 * Hashes on libuv's threads, so many at once: a storm of log-ins is to leave processor time for everybody
 * else, and threads for what else runs on them.
 */
export const createPasswords = (atOnce: number): Passwords => {
  const bulkhead = createBulkhead(atOnce, MAX_WAITING, MAX_WAIT_MS)
  const places = atOnce + MAX_WAITING
  let taken = 0
  return {
    hash: (password) => bulkhead.run(() => hash(normalise(password), ARGON2ID)),
    verify: async (passwordHash, password) => {
      const matches = await bulkhead.run(() => verify(passwordHash ?? NOBODYS_HASH, normalise(password)))
      return matches && passwordHash !== undefined
    },
    takePlace: () => {
      if (taken >= places) return undefined
      taken += 1
      return () => {
        taken -= 1
      }
    },
    areBusy: () => taken >= places,
  }
}
