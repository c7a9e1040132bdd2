import type { Database, Transaction } from '../shared/database/client.js'
import { Postponed } from '../shared/queue/outcomes.js'
import type { CircuitsRepository } from './circuits.repository.js'
import type { TriesRepository } from './tries.repository.js'
import { mayGo, waitMs } from './webhooks.circuit.js'
import { createCrowds } from './webhooks.crowds.js'

/** A worker that dies gives its place at the endpoint back after this time: longer than a try can take. */
const LEASE_MS = 30_000
/** A message that somebody else has in hand is looked at again after this time. */
const IN_HAND_MS = 1_000

export interface PlacesServiceNeeds {
  readonly database: Database
  readonly triesOf: (transaction: Transaction) => TriesRepository
  readonly circuitsOf: (transaction: Transaction) => CircuitsRepository
}

/** Which delivery, and which round of it: a job of an earlier round does nothing. */
export interface DeliveryJob {
  readonly deliveryId: string
  readonly round: number
}

export type Pending = NonNullable<Awaited<ReturnType<TriesRepository['lockPending']>>>
export type Endpoint = NonNullable<Awaited<ReturnType<CircuitsRepository['lockEndpoint']>>>

/** A delivery in hand, in one of its endpoint's places. */
export interface Taken {
  readonly pending: Pending
  readonly endpoint: Endpoint
}

export interface PlacesService {
  /**
   * Takes a delivery in hand, whose row says when it is to be tried: a job that comes earlier is sent away.
   * @returns undefined when there is nothing to send
   * @throws Postponed before its time, and while the endpoint's circuit is open or its places are taken
   */
  readonly take: (job: DeliveryJob) => Promise<Taken | undefined>
  /** Gives the place back when nothing came of it. */
  readonly release: (deliveryId: string) => Promise<void>
}

export const createPlacesService = ({ database, triesOf, circuitsOf }: PlacesServiceNeeds): PlacesService => {
  const crowds = createCrowds()

  /** What sends the delivery away, if it may not go now. */
  const hold = async (
    tries: TriesRepository,
    { id }: Pending,
    endpoint: Endpoint,
  ): Promise<Postponed | undefined> => {
    const circuit = {
      ...endpoint,
      inFlight: await tries.countInFlight(endpoint.id),
      inFlightOfOwner: await tries.countInFlightOf(endpoint.userId),
    }
    if (mayGo(circuit)) return undefined
    const waiting = await crowds.sizeOf(endpoint.id, () => tries.countPending(endpoint.id))
    const ms = waitMs(circuit, waiting)
    // Its owner reads when it will be tried. A free place is a matter of seconds, and not worth a write each time.
    if (circuit.openMs > 0) await tries.putOff(id, ms)
    return new Postponed('the endpoint is not to be called now', ms)
  }

  /** Looks first: all that waits for one owner's endpoints would otherwise queue for the lock, with a connection each. */
  const occupy = async (
    transaction: Transaction,
    pending: Pending,
  ): Promise<Taken | Postponed | undefined> => {
    const [tries, circuits] = [triesOf(transaction), circuitsOf(transaction)]
    const seen = await circuits.findEndpoint(pending.endpointId)
    const sentAway = seen?.enabled && (await hold(tries, pending, seen))
    if (sentAway) return sentAway
    if (seen) await circuits.lockPlacesOf(seen.userId)
    const endpoint = seen && (await circuits.lockEndpoint(pending.endpointId))
    if (!endpoint) return undefined
    if (!endpoint.enabled) {
      await tries.giveUp(pending.id, 'webhook_disabled')
      return undefined
    }
    // Counted again behind the lock: whoever took a place in between has committed it.
    const held = await hold(tries, pending, endpoint)
    if (held) return held
    await tries.claim(pending.id, LEASE_MS)
    return { pending, endpoint }
  }

  /** What is put off is returned, not thrown: when it will be tried is to be committed. */
  const look = ({ deliveryId, round }: DeliveryJob): Promise<Taken | Postponed | undefined> =>
    database.transaction(async (transaction) => {
      const pending = await triesOf(transaction).lockPending(deliveryId)
      if (!pending || pending.round !== round) return undefined
      if (pending.claimedMs > 0) return new Postponed('another worker has it in hand', IN_HAND_MS)
      // A worker that died wrote the try down, and not its job's end.
      if (pending.dueMs > 0) return new Postponed('its time has not come', Math.ceil(pending.dueMs))
      return occupy(transaction, pending)
    })

  return {
    take: async (job) => {
      const looked = await look(job)
      if (looked instanceof Postponed) throw looked
      return looked
    },
    release: (id) => database.transaction((transaction) => triesOf(transaction).release(id)),
  }
}
