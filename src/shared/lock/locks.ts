import Redlock, { ExecutionError, ResourceLockedError } from 'redlock'
import type { Database, Transaction } from '../database/client.js'
import { takeToken, withFence } from '../database/fence.js'
import { withDeadline } from '../deadline.js'
import type { RedisClient } from '../redis/client.js'

/** What the one holder may do while it holds. */
export interface Holder {
  /** The fencing token: higher than that of any holder before. */
  readonly token: number
  /** Aborted when the lock could not be extended; what is written afterwards is refused by the fence. */
  readonly signal: AbortSignal
  /** Writes, in a transaction that fails if somebody else took over in the meantime. */
  readonly write: <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>
}

export interface LocksNeeds {
  readonly database: Database
  /** A fail-fast connection whose command time-out is well below `lockMs`. */
  readonly redis: RedisClient
  readonly prefix: string
  /** How long a pod that vanished keeps the others out. Extended while the work goes on. */
  readonly lockMs: number
}

export interface Locks {
  /**
   * Runs `work` if no other pod runs it at this moment.
   * @returns false when another pod holds the lock.
   * @throws whatever `work` throws; StaleHolderError; DeadlineError when Postgres does not answer; ExecutionError when
   * Redis is away before the work begins
   */
  readonly runExclusive: (name: string, work: (holder: Holder) => Promise<void>) => Promise<boolean>
}

/**
 * Redlock repeats a failed extension at once until the lock has expired, and a connection that knows
 * Redis to be away fails at once: without a pause that loop would stop the whole process for seconds.
 */
const EXTENSION_RETRY = { retryCount: 1, retryDelay: 200, retryJitter: 50 }

/** Above what Postgres gives a statement and a lock. */
const WRITE_LIMIT_MS = 10_000

const isHeldElsewhere = async (error: unknown): Promise<boolean> => {
  if (!(error instanceof ExecutionError)) return false
  const attempts = await Promise.all(error.attempts)
  return attempts.some(({ votesAgainst }) =>
    [...votesAgainst.values()].some((vote) => vote instanceof ResourceLockedError),
  )
}

/**
 * Exactly one pod at a time: redlock keeps the pods apart in the common case, cheaply; the fencing token
 * in Postgres is what stops a holder that was frozen past its time and goes on as if nothing had happened.
 */
export const createLocks = ({ database, redis, prefix, lockMs }: LocksNeeds): Locks => {
  const redlock = new Redlock([redis], { ...EXTENSION_RETRY, automaticExtensionThreshold: lockMs / 2 })
  // Each failure also rejects the call that met it; an unheard 'error' event would end the process.
  redlock.on('error', () => {})

  /** A pod whose way to Postgres is dead gives up, and with it the lock: it would else be extended for ever. */
  const inTime = <T>(name: string, work: Promise<T>): Promise<T> => withDeadline(name, WRITE_LIMIT_MS, work)

  const hold = async (name: string, signal: AbortSignal, work: (holder: Holder) => Promise<void>) => {
    const token = await inTime(name, takeToken(database, name))
    await work({
      token,
      signal,
      write: (writes) => inTime(name, withFence(database, name, token, writes)),
    })
  }

  const runExclusive: Locks['runExclusive'] = async (name, work) => {
    let outcome: { readonly error?: unknown } | undefined
    try {
      await redlock.using([`${prefix}:lock:${name}`], lockMs, { retryCount: 0 }, async (signal) => {
        outcome = await hold(name, signal, work).then(
          () => ({}),
          (error: unknown) => ({ error }),
        )
      })
    } catch (error) {
      // Once the work has ended, only giving the lock back can fail: it expires, and what the work came to counts.
      if (!outcome && (await isHeldElsewhere(error))) return false
      if (!outcome) throw error
    }
    if (outcome && 'error' in outcome) throw outcome.error
    return true
  }

  return { runExclusive }
}
