import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Entry } from './entry.js'
import { createFlights, type Flight } from './flights.js'
import type { EntryStore, Place } from './store.js'

/** The right, or at least the permission, to load. One of the two functions is called at last; only the first call counts. */
export interface Load {
  readonly keep: (entry: Omit<Entry, 'tagIds'>) => void
  /** There is nothing to keep: the next one may try. */
  readonly giveUp: () => void
}

/** What one who has found no fresh entry is to do. */
export type Turn =
  | { readonly do: 'give'; readonly entry: Entry }
  | { readonly do: 'load'; readonly load: Load }
  /** Redis cannot be asked: load, and keep nothing. */
  | { readonly do: 'bypass' }

/** How long one waits for somebody else's load before one loads oneself. */
const WAIT_MS = 1_000
const POLL_MS = 15

const BYPASS: Turn = { do: 'bypass' }

export const isFresh = (entry: Entry | undefined): entry is Entry =>
  entry !== undefined && entry.freshUntil > Date.now()

/** Of all that want one key at once, on all pods, one loads. */
export const createSingleFlight = (store: EntryStore) => {
  const flights = createFlights()

  const loadWith = (
    place: Place,
    tagIds: readonly string[] | undefined,
    token?: string,
    flight?: Flight,
  ): Turn => {
    let isOver = false
    const once = (finish: () => Promise<void>): void => {
      if (isOver) return
      isOver = true
      // Not awaited: the caller need not wait for the next caller's benefit.
      void finish()
      flight?.end()
    }
    const leave = async () => (token === undefined ? undefined : store.leave(place, token))
    return {
      do: 'load',
      load: {
        keep: (entry) => once(() => (tagIds ? store.keep(place, { ...entry, tagIds }, token) : leave())),
        giveUp: () => once(leave),
      },
    }
  }

  /** What one step of the one who stands for this process comes to; undefined while another pod's leader loads. */
  const tryToLead = async (place: Place, token: string, flight: Flight): Promise<Turn | undefined> => {
    const entered = await store.enter(place, token)
    if (!entered) return BYPASS
    const { entry, tagIds, isLeader } = entered
    if (isLeader && !isFresh(entry)) return loadWith(place, tagIds, token, flight)
    // The one before has just landed.
    if (isLeader) void store.leave(place, token)
    return entry && { do: 'give', entry }
  }

  /** Becomes the leader of all pods, or waits for the one of another. */
  const lead = async (place: Place, flight: Flight, deadline: number): Promise<Turn> => {
    const token = randomUUID()
    let turn = await tryToLead(place, token, flight)
    while (!turn && performance.now() < deadline) {
      await wait(POLL_MS * (1 + Math.random()))
      turn = await tryToLead(place, token, flight)
    }
    if (turn?.do !== 'load') flight.end()
    return turn ?? loadAnyway(place)
  }

  /** The wait was long enough. What is loaded is kept with the tags of this moment, which is before the load. */
  const loadAnyway = async (place: Place): Promise<Turn> => {
    const seen = await store.lookUp(place)
    if (!seen) return BYPASS
    return seen.entry ? { do: 'give', entry: seen.entry } : loadWith(place, seen.tagIds)
  }

  /**
   * Decides who loads. Whoever waited looks up again, and is never given what the one he waited for has loaded: that may be
   * older than a write that was answered in the meantime.
   * @param stale is given at once while somebody else loads
   */
  return async (place: Place, stale: Entry | undefined): Promise<Turn> => {
    const deadline = performance.now() + WAIT_MS
    while (performance.now() < deadline) {
      const flight = flights.begin(place.key)
      if (flight) return lead(place, flight, deadline)
      if (stale) return { do: 'give', entry: stale }
      await flights.untilLanded(place.key, deadline - performance.now())
      const seen = await store.lookUp(place)
      if (!seen) return BYPASS
      if (seen.entry) return { do: 'give', entry: seen.entry }
    }
    return loadAnyway(place)
  }
}
