import { unavailable } from './errors.js'

/** Lets a few through at once, has a few more wait, and refuses the rest. */
export interface Bulkhead {
  /** @throws unavailable when the line is full, or after `maxWaitMs` in it, and whatever `work` throws */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>
}

/**
 * Keeps work that is heavy on the machine from taking all of it: what waits longer than its caller would is
 * better refused at once.
 */
export const createBulkhead = (atOnce: number, waiting: number, maxWaitMs: number): Bulkhead => {
  let running = 0
  const line: (() => void)[] = []
  const refusal = () => unavailable({ detail: 'Too much is going on: try again in a moment.' })

  const untilMyTurn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const next = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        line.splice(line.indexOf(next), 1)
        reject(refusal())
      }, maxWaitMs)
      line.push(next)
    })

  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnce && line.length >= waiting) throw refusal()
    // Whoever leaves hands its place to the next in line, so `running` stays as it is then.
    if (running >= atOnce) await untilMyTurn()
    else running += 1
    try {
      return await work()
    } finally {
      const next = line.shift()
      if (next) next()
      else running -= 1
    }
  }

  return { run }
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
