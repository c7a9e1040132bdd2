import type { AuditTrail } from '../shared/database/audit.js'
import type { Database, Transaction } from '../shared/database/client.js'
import { Postponed, RetryLater } from '../shared/queue/outcomes.js'
import type { CircuitsRepository } from './circuits.repository.js'
import type { DeliveryJob, Endpoint, Pending, PlacesService, Taken } from './places.service.js'
import type { AfterTry, TriesRepository } from './tries.repository.js'
import { openMsAfter, reasonToDisable } from './webhooks.circuit.js'
import { delayAfter } from './webhooks.schedule.js'
import type { Tried, WebhookSender } from './webhooks.sender.js'

/** A message that is given back is looked at again after this time. */
const GIVEN_BACK_MS = 1_000

export interface TriesServiceNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly webhookSender: WebhookSender
  readonly placesService: PlacesService
  readonly triesOf: (transaction: Transaction) => TriesRepository
  readonly circuitsOf: (transaction: Transaction) => CircuitsRepository
}

export interface TriesService {
  /**
   * Sends a delivery once, unless it has arrived, failed for good or was deleted, and writes down what came of it. What is
   * over ends without an error, be it delivered or failed: the owner reads of it, and no operator need look.
   * @throws Postponed before its time, and while the endpoint's circuit is open or its places, or its host's, are taken
   * @throws RetryLater after a failed try, with the time that the delivery has for the next one
   */
  readonly tryDelivery: (job: DeliveryJob, signal?: AbortSignal) => Promise<void>
}

const afterTry = ({ tries }: Pending, { isSuccess, isGone, retryAfterMs = 0 }: Tried): AfterTry => {
  if (isSuccess) return { status: 'delivered' }
  if (isGone) return { status: 'failed', failure: 'gone' }
  const delayMs = delayAfter(tries + 1)
  if (delayMs === undefined) return { status: 'failed', failure: 'tries_exhausted' }
  return { status: 'pending', nextInMs: Math.max(delayMs, retryAfterMs) }
}

export const createTriesService = (needs: TriesServiceNeeds): TriesService => {
  const { database, auditTrail, webhookSender, placesService, triesOf, circuitsOf } = needs

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
      if (!tried) await placesService.release(pending.id)
    }
  }

  return {
    tryDelivery: async (job, signal) => {
      const taken = await placesService.take(job)
      if (!taken) return
      const tried = await send(taken, signal)
      if (!tried) throw new Postponed('the worker stops', GIVEN_BACK_MS)
      const nextInMs = await record(job, taken.endpoint.url, tried)
      if (nextInMs === undefined) return
      throw new RetryLater(`the endpoint was not reached: ${tried.attempt.error}`, nextInMs)
    },
  }
}
