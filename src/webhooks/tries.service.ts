import type { AuditTrail } from '../shared/database/audit.js'
import type { Database, Transaction } from '../shared/database/client.js'
import { Postponed, RetryLater } from '../shared/queue/outcomes.js'
import type { CircuitsRepository } from './circuits.repository.js'
import type { AfterTry, TriesRepository } from './tries.repository.js'
import { mayGo, openMsAfter, reasonToDisable, waitMs } from './webhooks.circuit.js'
import { delayAfter } from './webhooks.schedule.js'
import type { Tried, WebhookSender } from './webhooks.sender.js'

/** A worker that dies gives its place at the endpoint back after this time: longer than a try can take. */
const LEASE_MS = 30_000
/** A message that somebody else has in hand, or that is given back, is looked at again after this time. */
const IN_HAND_MS = 1_000

export interface TriesServiceNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly webhookSender: WebhookSender
  readonly triesOf: (transaction: Transaction) => TriesRepository
  readonly circuitsOf: (transaction: Transaction) => CircuitsRepository
}

/** Which delivery, and which round of it: a job of an earlier round does nothing. */
export interface DeliveryJob {
  readonly deliveryId: string
  readonly round: number
}

export interface TriesService {
  /**
   * Sends a delivery once, unless it has arrived, failed for good or was deleted, and writes down what came of it. What is
   * over ends without an error, be it delivered or failed: the owner reads of it, and no operator need look.
   * @throws Postponed while the endpoint's circuit is open or its places are taken
   * @throws Error after a failed try; RetryLater when the endpoint said how long to wait
   */
  readonly tryDelivery: (job: DeliveryJob, signal?: AbortSignal) => Promise<void>
}

type Pending = NonNullable<Awaited<ReturnType<TriesRepository['lockPending']>>>
type Endpoint = NonNullable<Awaited<ReturnType<CircuitsRepository['lockEndpoint']>>>

interface Taken {
  readonly pending: Pending
  readonly endpoint: Endpoint
}

const afterTry = ({ tries }: Pending, { isSuccess, isGone, retryAfterMs = 0 }: Tried): AfterTry => {
  if (isSuccess) return { status: 'delivered' }
  if (isGone) return { status: 'failed', failure: 'gone' }
  const delayMs = delayAfter(tries + 1)
  if (delayMs === undefined) return { status: 'failed', failure: 'tries_exhausted' }
  return { status: 'pending', nextInMs: Math.max(delayMs, retryAfterMs) }
}

/** @throws Postponed while the circuit is open, or as many as may be are on their way */
const requirePlace = async (tries: TriesRepository, endpoint: Endpoint): Promise<void> => {
  const circuit = {
    ...endpoint,
    inFlight: await tries.countInFlight(endpoint.id),
    inFlightOfOwner: await tries.countInFlightOf(endpoint.userId),
  }
  if (mayGo(circuit)) return
  const waiting = await tries.countPending(endpoint.id)
  throw new Postponed('the endpoint is not to be called now', waitMs(circuit, waiting))
}

export const createTriesService = (needs: TriesServiceNeeds): TriesService => {
  const { database, auditTrail, webhookSender, triesOf, circuitsOf } = needs

  /** Looks first: all that waits for one endpoint would otherwise queue for its lock, with a connection each. */
  const holdEndpoint = async (transaction: Transaction, id: string): Promise<Endpoint | undefined> => {
    const circuits = circuitsOf(transaction)
    const seen = await circuits.findEndpoint(id)
    if (seen?.enabled) await requirePlace(triesOf(transaction), seen)
    return seen && circuits.lockEndpoint(id)
  }

  /** Takes a place at the endpoint. @returns undefined when there is nothing to send */
  const take = ({ deliveryId, round }: DeliveryJob): Promise<Taken | undefined> =>
    database.transaction(async (transaction) => {
      const tries = triesOf(transaction)
      const pending = await tries.lockPending(deliveryId)
      if (!pending || pending.round !== round) return undefined
      if (pending.claimedMs > 0) throw new Postponed('another worker has it in hand', IN_HAND_MS)
      const endpoint = await holdEndpoint(transaction, pending.endpointId)
      if (!endpoint) return undefined
      if (!endpoint.enabled) {
        await tries.giveUp(pending.id, 'webhook_disabled')
        return undefined
      }
      await requirePlace(tries, endpoint)
      await tries.claim(pending.id, LEASE_MS)
      return { pending, endpoint }
    })

  const noteFailure = async (transaction: Transaction, endpoint: Endpoint, tried: Tried): Promise<void> => {
    const circuits = circuitsOf(transaction)
    const failures = endpoint.consecutiveFailures + 1
    await circuits.noteFailure(endpoint.id, Math.max(openMsAfter(failures), tried.retryAfterMs ?? 0))
    const reason = reasonToDisable(tried.isGone, failures, endpoint.failingForMs)
    if (!reason || !endpoint.enabled) return
    await circuits.disable(endpoint.id, reason)
    await auditTrail.record(transaction, {
      action: 'webhook.disabled',
      actorId: null,
      subjectId: endpoint.userId,
      origin: null,
      details: { webhookId: endpoint.id, reason },
    })
  }

  const noteOutcome = async (transaction: Transaction, endpoint: Endpoint, tried: Tried): Promise<void> => {
    if (tried.isSuccess) await circuitsOf(transaction).noteSuccess(endpoint.id)
    else await noteFailure(transaction, endpoint, tried)
  }

  /**
   * What came of it counts for the endpoint only if it still has the address that answered.
   * @returns the milliseconds until the next try, when there is one and this job is to make it
   */
  const record = ({ deliveryId, round }: DeliveryJob, url: string, answer: Tried) =>
    database.transaction(async (transaction) => {
      const tries = triesOf(transaction)
      const pending = await tries.lockPending(deliveryId)
      // Deleted meanwhile, or it took so long that another worker was given it.
      if (!pending) return undefined
      const found = await circuitsOf(transaction).lockEndpoint(pending.endpointId)
      const endpoint = found?.url === url ? found : undefined
      const tried = { ...answer, isGone: answer.isGone && endpoint !== undefined }
      const after = afterTry(pending, tried)
      await tries.recordTry(pending.id, tried.attempt, after)
      if (endpoint) await noteOutcome(transaction, endpoint, tried)
      return after.status === 'pending' && pending.round === round ? after.nextInMs : undefined
    })

  /** Gives the place back when nothing came of it, be it that the worker stops or has a fault. */
  const send = async ({ pending, endpoint }: Taken, signal?: AbortSignal): Promise<Tried | undefined> => {
    let tried: Tried | undefined
    try {
      tried = await webhookSender.send({ ...endpoint, ...pending }, signal)
      return tried
    } finally {
      if (!tried) await database.transaction((transaction) => triesOf(transaction).release(pending.id))
    }
  }

  return {
    tryDelivery: async (job, signal) => {
      const taken = await take(job)
      if (!taken) return
      const tried = await send(taken, signal)
      if (!tried) throw new Postponed('the worker stops', IN_HAND_MS)
      const nextInMs = await record(job, taken.endpoint.url, tried)
      if (nextInMs === undefined) return
      const reason = `the endpoint was not reached: ${tried.attempt.error}`
      // The contract has the schedule, and its jitter; only what the endpoint itself asked for is longer.
      throw tried.retryAfterMs === undefined ? new Error(reason) : new RetryLater(reason, nextInMs)
    },
  }
}
