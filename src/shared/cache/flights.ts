import { unavailable } from '../errors.js'
import type { Entry } from './entry.js'

/** Somebody in this process who sees to a key; the others of the process wait for him. */
export interface Flight {
  /** Only the first call counts. @param entry what he has found or loaded; undefined where he has failed */
  readonly land: (entry: Entry | undefined) => void
  /**
   * How he lands, or the next one who does not fail; where he has failed, one of all who wait hears of it, who is to begin anew.
   * @throws unavailable when that is not by `deadline` (of performance.now)
   */
  readonly landed: (deadline: number) => Promise<Landing>
}

export interface Landing {
  readonly flight: Flight
  /** Undefined where he has failed. */
  readonly entry: Entry | undefined
}

export interface Flights {
  /** The one there is. */
  readonly find: (key: string) => Flight | undefined
  /** For who has found none. */
  readonly begin: (key: string) => Flight
}

/** Above what a load can take (3 s to connect, 5 s a statement), so that a slow one is not done twice at once. */
const LONGEST_FLIGHT_MS = 10_000

type Waiter = (landing: Landing) => void

/** Those who wait for each key, in turn. */
const createLines = () => {
  const lines = new Map<string, Set<Waiter>>()

  const leave = (key: string, waiter: Waiter): void => {
    const line = lines.get(key)
    line?.delete(waiter)
    if (line?.size === 0) lines.delete(key)
  }

  return {
    /** A crowd gives up at once: no error is made of it but the one that each is answered with. */
    wait: (key: string, deadline: number): Promise<Landing> =>
      new Promise((resolve, reject) => {
        const waiter: Waiter = (landing) => {
          clearTimeout(timer)
          leave(key, waiter)
          resolve(landing)
        }
        const giveUp = (): void => {
          leave(key, waiter)
          reject(unavailable())
        }
        const timer = setTimeout(giveUp, Math.max(0, deadline - performance.now())).unref()
        lines.set(key, (lines.get(key) ?? new Set()).add(waiter))
      }),
    /**
     * An entry is for all. A failure is for the first one alone, who tries next: told of it, each of a crowd would have to wait
     * anew after each try, and where all fail at once nothing else would be done meanwhile.
     */
    tell: (key: string, landing: Landing): void => {
      for (const waiter of lines.get(key) ?? []) {
        waiter(landing)
        if (!landing.entry) return
      }
    },
  }
}

/** One flight a key at a time. */
export const createFlights = (): Flights => {
  const flights = new Map<string, Flight & { readonly overdueAt: number }>()
  const lines = createLines()

  return {
    find: (key) => {
      const flight = flights.get(key)
      return flight && performance.now() < flight.overdueAt ? flight : undefined
    },
    begin: (key) => {
      const flight: Flight & { readonly overdueAt: number } = {
        land: (entry) => {
          // Who waited for one that is overdue waits for the one that took its place.
          if (flights.get(key) !== flight) return
          flights.delete(key)
          lines.tell(key, { flight, entry })
        },
        landed: (deadline) => lines.wait(key, deadline),
        overdueAt: performance.now() + LONGEST_FLIGHT_MS,
      }
      flights.set(key, flight)
      return flight
    },
  }
}
