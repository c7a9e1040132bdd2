import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Entry } from './entry.js'
import { createFlights, type Flight } from './flights.js'
import type { MemoryWatch } from './memory.js'
import type { EntryStore, Place } from './store.js'

/** What a load has brought. */
export type Fresh = Omit<Entry, 'tagIds'>

/** The right to load for all who wait. One of the functions is called at last; only the first call counts. */
export interface Load {
  /** For whoever asks from now on, on all pods, and for those of this process who wait. */
  readonly keep: (fresh: Fresh) => void
  /** For those of this process who wait. */
  readonly share: (fresh: Fresh) => void
  /** There is nothing to give: the next one may try. */
  readonly giveUp: () => void
}

/** What one who has found no fresh entry is to do. */
export type Turn =
  | { readonly do: 'give'; readonly entry: Entry }
  /** `isAlone`: Redis cannot be asked, and what is loaded is for this process only. */
  | { readonly do: 'load'; readonly load: Load; readonly isAlone: boolean }

type LoadTurn = Extract<Turn, { do: 'load' }>

/** Another pod loads, and nothing is there to be given meanwhile. */
interface OtherLeads {
  readonly do: 'wait'
  readonly holder: string | undefined
  readonly tagIds: string | undefined
}

/** How long one waits in all. Less than what the handlers behind have, so that who waits in vain begins no load. */
const WAIT_MS = 3_500
/** How long a pod leaves a load to another one. Then it loads beside that one: the other may be gone, or only slow. */
const WAIT_FOR_OTHER_POD_MS = 1_000
const POLL_MS = 15

const give = (entry: Entry): Turn => ({ do: 'give', entry })

export const isFresh = (entry: Entry | undefined): entry is Entry =>
  entry !== undefined && entry.freshUntil > Date.now()

export interface SingleFlightNeeds {
  readonly store: EntryStore
  readonly memory: MemoryWatch
}

/** Of all that want one key at once, on all pods, one loads; and in a process never more than one, also while Redis is away. */
export const createSingleFlight = ({ store, memory }: SingleFlightNeeds) => {
  const flights = createFlights()

  /** @param tagIds as they were before the load; without them nothing can be kept */
  const loadWith = (place: Place, flight: Flight, tagIds: string | undefined, token?: string): LoadTurn => {
    let isOver = false
    const once = (entry: Entry | undefined, isKept: boolean): void => {
      if (isOver) return
      isOver = true
      // Not awaited: the caller need not wait for the next caller's benefit.
      if (entry && isKept) void store.keep(place, entry, token)
      else if (token !== undefined) void store.leave(place, token)
      flight.land(entry)
    }
    const toEntry = (fresh: Fresh): Entry => ({ ...fresh, tagIds: tagIds ?? '' })
    return {
      do: 'load',
      isAlone: false,
      load: {
        keep: (fresh) => once(toEntry(fresh), tagIds !== undefined),
        share: (fresh) => once(toEntry(fresh), false),
        giveUp: () => once(undefined, false),
      },
    }
  }

  const loadAlone = (place: Place, flight: Flight): LoadTurn => ({
    ...loadWith(place, flight, undefined),
    isAlone: true,
  })

  const withoutKeeping = async (place: Place, flight: Flight): Promise<Turn> => {
    const seen = await store.lookUp(place)
    if (!seen) return loadAlone(place, flight)
    return isFresh(seen.entry) ? give(seen.entry) : loadWith(place, flight, undefined)
  }

  const tryToLead = async (place: Place, flight: Flight, token: string): Promise<Turn | OtherLeads> => {
    const seen = await store.enter(place, token)
    if (!seen) return loadAlone(place, flight)
    const { entry, tagIds, holder } = seen
    if (holder === token && !isFresh(entry)) return loadWith(place, flight, tagIds, token)
    // The one before has just landed.
    if (holder === token) void store.leave(place, token)
    return entry ? give(entry) : { do: 'wait', holder, tagIds }
  }

  /**
   * Loads for all pods, or leaves it to the one that does. If that one's time is over and nothing of it counts, since the key
   * was written again, or if it takes long, this pod loads beside it: so a key that is written all the time, or slow to load,
   * is loaded by one a pod at once.
   */
  const takeLead = async (place: Place, flight: Flight, until: number): Promise<Turn> => {
    if (!memory.hasRoom()) return withoutKeeping(place, flight)
    const token = randomUUID()
    const deadline = Math.min(until, performance.now() + WAIT_FOR_OTHER_POD_MS)
    let turn = await tryToLead(place, flight, token)
    const first = turn.do === 'wait' ? turn.holder : undefined
    while (turn.do === 'wait') {
      if (turn.holder !== first || performance.now() > deadline) return loadWith(place, flight, turn.tagIds)
      await wait(POLL_MS * (1 + Math.random()))
      turn = await tryToLead(place, flight, token)
    }
    return turn
  }

  /** @param until when it is too late to wait for another pod */
  const lead = async (place: Place, until: number): Promise<Turn> => {
    const flight = flights.begin(place.key)
    const turn = await takeLead(place, flight, until)
    if (turn.do !== 'load') flight.land(turn.do === 'give' ? turn.entry : undefined)
    return turn
  }

  /**
   * Decides who loads. Whoever comes while one loads is not given what that one brings, which may be older than a write that was
   * answered before he came; but he is given what the next one brings, who began after that. So he waits for two at most.
   * @param stale is given at once while somebody else loads
   * @param waitedMs how long his caller has waited already
   * @throws unavailable after `WAIT_MS`
   */
  return async (place: Place, stale: Entry | undefined, waitedMs: number): Promise<Turn> => {
    const deadline = performance.now() + WAIT_MS - waitedMs
    const running = flights.find(place.key)
    for (;;) {
      const flight = flights.find(place.key)
      if (!flight) return lead(place, deadline)
      if (stale) return give(stale)
      const landing = await flight.landed(deadline)
      if (landing.entry && landing.flight !== running) return give(landing.entry)
    }
  }
}
