import type { Allowance, Taken } from './allowance.js'

/** Of an allowance, and in pieces: what a pod holds and does not use is what others are refused too early. */
const LARGEST_SHARE = 0.01
/** More only for as many as wait for one: with ten at a time a crowd of one caller's would wait for many answers in turn. */
const USUAL_PIECES = 10
/** Keys held at most; the one that was leased first goes, with what is left of it. */
const MAX_KEYS = 20_000

/** Numbers of the common count that are this pod's to give out. */
interface Lease {
  next: number
  readonly last: number
  /** Before the common window is over, by this process's own clock. */
  readonly until: number
}

/** Takes `pieces` from the common count at once; the answer is of the last of them. */
export type TakePieces = (key: string, allowance: Allowance, pieces: number) => Promise<Taken>

/**
 * Takes from a common count some pieces in advance, so that most requests need not ask for theirs. Never more than the
 * allowance in a window, since each number is given out once; somewhat less when a pod does not come to use its last lease.
 * @returns what `take` of a limiter returns; rejects as `takePieces` does
 */
export const createLeases = (takePieces: TakePieces) => {
  const leases = new Map<string, Lease>()
  const asking = new Map<string, Promise<void>>()
  const waiting = new Map<string, number>()

  const ask = async (key: string, allowance: Allowance): Promise<void> => {
    const begun = performance.now()
    const wanted = Math.max(USUAL_PIECES, waiting.get(key) ?? 0)
    const pieces = Math.max(1, Math.min(wanted, Math.floor(allowance.max * LARGEST_SHARE)))
    const { current, ttlMs } = await takePieces(key, allowance, pieces)
    leases.delete(key)
    const [oldest] = leases.keys()
    if (leases.size >= MAX_KEYS && oldest !== undefined) leases.delete(oldest)
    leases.set(key, { next: current - pieces + 1, last: current, until: begun + ttlMs })
  }

  /** One asks for all who wait for the same key. */
  const askOnce = (key: string, allowance: Allowance): Promise<void> => {
    const answer = asking.get(key) ?? ask(key, allowance).finally(() => asking.delete(key))
    asking.set(key, answer)
    return answer
  }

  const takeLeased = (key: string): Taken | undefined => {
    const lease = leases.get(key)
    const ttlMs = lease ? lease.until - performance.now() : 0
    if (!lease || lease.next > lease.last || ttlMs <= 0) return undefined
    lease.next += 1
    return { current: lease.next - 1, ttlMs }
  }

  const countWaiting = (key: string, more: 1 | -1): void => {
    const count = (waiting.get(key) ?? 0) + more
    if (count > 0) waiting.set(key, count)
    else waiting.delete(key)
  }

  const takeAsked = async (key: string, allowance: Allowance): Promise<Taken> => {
    countWaiting(key, 1)
    try {
      for (;;) {
        await askOnce(key, allowance)
        const taken = takeLeased(key)
        if (taken) return taken
      }
    } finally {
      countWaiting(key, -1)
    }
  }

  return {
    take: async (key: string, allowance: Allowance): Promise<Taken> =>
      takeLeased(key) ?? takeAsked(key, allowance),
  }
}
