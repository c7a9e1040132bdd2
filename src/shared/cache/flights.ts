import { setTimeout as wait } from 'node:timers/promises'
import { unavailable } from '../errors.js'
import type { Entry } from './entry.js'

/** Somebody in this process who sees to a key; the others of the process wait for him. */
export interface Flight {
  /** Only the first call counts. @param entry what he has found or loaded; undefined where he has failed */
  readonly land: (entry: Entry | undefined) => void
  /** What he lands with. @throws unavailable when it is not there by `deadline` (of performance.now) */
  readonly landed: (deadline: number) => Promise<Entry | undefined>
}

export interface Flights {
  /** The one there is. */
  readonly find: (key: string) => Flight | undefined
  /** For who has found none. */
  readonly begin: (key: string) => Flight
}

/** Above what a load can take (3 s to connect, 5 s a statement), so that a slow one is not done twice at once. */
const LONGEST_FLIGHT_MS = 10_000

const OVERDUE = Symbol('overdue')

/** A crowd gives up at once: no error is made of it but the one that each is answered with. */
const inTime = async <T>(work: Promise<T>, deadline: number): Promise<T> => {
  const timer = new AbortController()
  const limit = wait(Math.max(0, deadline - performance.now()), OVERDUE, { signal: timer.signal, ref: false })
  limit.catch(() => {})
  const first = await Promise.race([work, limit])
  timer.abort()
  if (first === OVERDUE) throw unavailable()
  return first
}

/** One flight a key at a time. */
export const createFlights = (): Flights => {
  const flights = new Map<string, Flight & { readonly overdueAt: number }>()

  return {
    find: (key) => {
      const flight = flights.get(key)
      return flight && performance.now() < flight.overdueAt ? flight : undefined
    },
    begin: (key) => {
      let settle = (_entry: Entry | undefined): void => {}
      const landing = new Promise<Entry | undefined>((resolve) => {
        settle = resolve
      })
      const flight = {
        land: (entry: Entry | undefined) => {
          if (flights.get(key) === flight) flights.delete(key)
          settle(entry)
        },
        landed: (deadline: number) => inTime(landing, deadline),
        overdueAt: performance.now() + LONGEST_FLIGHT_MS,
      }
      flights.set(key, flight)
      return flight
    },
  }
}
