import { unavailable } from './errors.js'

/** What goes on behind a bulkhead at a moment; the times are those of the one that takes longest. */
export interface BulkheadLoad {
  readonly running: number
  readonly waiting: number
  readonly longestRunMs: number
  readonly longestWaitMs: number
}

/** Lets a few through at once, has a few more wait, and refuses the rest. */
export interface Bulkhead {
  /** @throws the refusal when the line is full, or after `maxWaitMs` in it, and whatever `work` throws */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>
  readonly load: () => BulkheadLoad
}

const tooMuch = (): Error => unavailable({ detail: 'Too much is going on: try again in a moment.' })

/** Sets keep the order in which they were filled: the first one has been there longest. */
const longest = ([first]: Iterable<{ readonly since: number }>): number =>
  first === undefined ? 0 : performance.now() - first.since

/**
 * Keeps work that is heavy on the machine from taking all of it: what waits longer than its caller would is
 * better refused at once.
 */
export const createBulkhead = (
  atOnce: number,
  waiting: number,
  maxWaitMs: number,
  refusal: () => Error = tooMuch,
): Bulkhead => {
  const running = new Set<{ readonly since: number }>()
  const line = new Set<{ readonly since: number; readonly next: () => void }>()
  /** Places given to those who are about to run. */
  let promised = 0

  const untilMyTurn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const place = {
        since: performance.now(),
        next: () => {
          clearTimeout(timer)
          line.delete(place)
          promised += 1
          resolve()
        },
      }
      const timer = setTimeout(() => {
        line.delete(place)
        reject(refusal())
      }, maxWaitMs)
      line.add(place)
    })

  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running.size + promised >= atOnce) {
      if (line.size >= waiting) throw refusal()
      await untilMyTurn()
      promised -= 1
    }
    const mine = { since: performance.now() }
    running.add(mine)
    try {
      return await work()
    } finally {
      running.delete(mine)
      const [first] = line
      first?.next()
    }
  }

  const load = () => ({
    running: running.size + promised,
    waiting: line.size,
    longestRunMs: longest(running),
    longestWaitMs: longest(line),
  })

  return { run, load }
}

/** Shares of something that all have in common, one for each key. */
export interface Shares {
  /** @returns what gives the place back, to be called once; undefined when the key has all that it may have */
  readonly take: (key: string) => (() => void) | undefined
}

/** Lets each key have `each` places at once. It remembers only those that have one. */
export const createShares = (each: number): Shares => {
  const taken = new Map<string, number>()

  const giveBack = (key: string): void => {
    const left = (taken.get(key) ?? 0) - 1
    if (left > 0) taken.set(key, left)
    else taken.delete(key)
  }

  return {
    take: (key) => {
      const count = taken.get(key) ?? 0
      if (count >= each) return undefined
      taken.set(key, count + 1)
      return () => giveBack(key)
    },
  }
}
