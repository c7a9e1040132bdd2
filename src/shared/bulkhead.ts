import { unavailable } from './errors.js'

/** Lets a few through at once, has a few more wait, and refuses the rest. */
export interface Bulkhead {
  /** @throws unavailable at once when the waiting line is full, and whatever `work` throws */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>
  readonly isFull: () => boolean
}

/**
 * Keeps work that is heavy on the machine from taking all of it: what waits longer than its caller would is
 * better refused at once.
 */
export const createBulkhead = (atOnce: number, waiting: number): Bulkhead => {
  let running = 0
  const line: (() => void)[] = []
  const isFull = (): boolean => running >= atOnce && line.length >= waiting

  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isFull()) throw unavailable({ detail: 'Too much is going on: try again in a moment.' })
    // Whoever leaves hands its place to the next in line, so `running` stays as it is then.
    if (running >= atOnce) await new Promise<void>((resolve) => line.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = line.shift()
      if (next) next()
      else running -= 1
    }
  }

  return { run, isFull }
}
