import { type Allowance, EXACT_UP_TO, type Taken } from './allowance.js'

/** Keys held at most; the one that was used least recently goes. */
const MAX_KEYS = 20_000

interface Entry {
  /** Times of what was taken, oldest first; of a counter only the first. */
  readonly times: number[]
  count: number
}

export interface PodLimiter {
  readonly take: (key: string, allowance: Allowance) => Taken
}

/** Allowances in this process's own memory: what stands in for Redis while it is away. */
export const createPodLimiter = (maxKeys = MAX_KEYS): PodLimiter => {
  const entries = new Map<string, Entry>()

  /** The entry, moved to the end of the map: its beginning is what was used least recently. */
  const touch = (key: string): Entry => {
    const entry = entries.get(key) ?? { times: [], count: 0 }
    entries.delete(key)
    entries.set(key, entry)
    const [oldest] = entries.keys()
    if (entries.size > maxKeys && oldest !== undefined) entries.delete(oldest)
    return entry
  }

  const forgetOld = ({ times }: Entry, since: number): void => {
    while (times[0] !== undefined && times[0] <= since) times.shift()
  }

  return {
    take: (key, { max, windowMs }) => {
      const now = performance.now()
      const entry = touch(key)
      forgetOld(entry, now - windowMs)
      const isExact = max <= EXACT_UP_TO
      if (entry.times.length === 0) entry.count = 0
      const current = (isExact ? entry.times.length : entry.count) + 1
      if (current <= max) {
        entry.count = current
        if (isExact || entry.times.length === 0) entry.times.push(now)
      }
      return { current, ttlMs: (entry.times[0] ?? now) + windowMs - now }
    },
  }
}
