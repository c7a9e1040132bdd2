import { setTimeout as wait } from 'node:timers/promises'
import { LOCK_MS } from './store.js'

/** Somebody in this process who sees to a key; the others of the process wait for him. */
export interface Flight {
  readonly end: () => void
}

export interface Flights {
  /** @returns undefined when there is one already */
  readonly begin: (key: string) => Flight | undefined
  /** Until the one there is has ended, and no longer than `ms`. */
  readonly untilLanded: (key: string, ms: number) => Promise<void>
}

interface Landing extends Flight {
  readonly landed: Promise<void>
  readonly overdueAt: number
}

/** One flight a key at a time. */
export const createFlights = (): Flights => {
  const flights = new Map<string, Landing>()

  const find = (key: string): Landing | undefined => {
    const flight = flights.get(key)
    return flight && performance.now() < flight.overdueAt ? flight : undefined
  }

  return {
    begin: (key) => {
      if (find(key)) return undefined
      let land = (): void => {}
      const landed = new Promise<void>((resolve) => {
        land = resolve
      })
      const end = (): void => {
        if (flights.get(key) === flight) flights.delete(key)
        land()
      }
      const flight: Landing = { landed, end, overdueAt: performance.now() + LOCK_MS }
      flights.set(key, flight)
      return flight
    },

    untilLanded: async (key, ms) => {
      const timer = new AbortController()
      const limit = wait(ms, undefined, { signal: timer.signal, ref: false }).catch(() => {})
      await Promise.race([find(key)?.landed, limit])
      timer.abort()
    },
  }
}
