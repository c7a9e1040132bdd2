import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { mayPass } from '../database/failures.js'
import { type Claim, SUSPECT_DEATHS } from '../database/outbox-claims.js'
import { traceIdOf } from '../telemetry/trace.js'
import { type AttemptNeeds, attemptJob, type InHand, type Outcome } from './attempt.js'
import { type EndingNeeds, MAX_DEATHS, writeDown } from './ending.js'
import { createGate } from './gate.js'
import type { JobHandler } from './handler.js'
import { queueIdOf } from './job-data.js'
import { LEASE_SLACK_MS } from './tries.js'

/** Whoever waited longer for its turn makes sure that it still has the job. */
const FRESH_CLAIM_MS = 5_000
/** While Postgres is away the queue's jobs wait with the workers: what is sent away comes again much later. */
const ASK_POSTGRES_EVERY_MS = 1_000

/** A job as the queue delivers it. */
export interface Delivery {
  readonly id: string
  readonly round: number
  readonly name: string
  readonly queue: string
  /** The queue says that the worker that had it is gone. */
  readonly redelivered: boolean
}

export type ProcessorNeeds = AttemptNeeds & EndingNeeds

export interface Processor {
  /** Does one try, and writes down what came of it. Rejects when Postgres cannot be reached for that. */
  readonly process: (delivery: Delivery) => Promise<void>
  /** The queue may have given these, by its own ids, to another worker: what Postgres says so of is told to stop. */
  readonly doubt: (queueIds: readonly string[]) => Promise<void>
  /** What waits for Postgres waits no longer. */
  readonly stop: () => void
  /** Gives back what is in hand, for another worker to begin at once, and tells the work to stop. */
  readonly giveBack: () => Promise<void>
}

export const createProcessor = (handlers: readonly JobHandler[], needs: ProcessorNeeds): Processor => {
  const { tries, metrics, logger } = needs
  const byName = new Map(handlers.map((handler) => [handler.contract.name, handler]))
  const gate = createGate()
  const inHand = new Set<InHand>()
  let isStopping = false

  const leaseMsOf = (name: string): number => (byName.get(name)?.contract.timeoutMs ?? 0) + LEASE_SLACK_MS

  const claimRow = async ({ id, round, name, redelivered }: Delivery): Promise<Claim | undefined> => {
    const request = { id, round, claimId: randomUUID(), leaseMs: leaseMsOf(name), takeOver: redelivered }
    for (;;) {
      try {
        return await tries.claim(request)
      } catch (error) {
        if (isStopping || !mayPass(error)) throw error
        await wait(ASK_POSTGRES_EVERY_MS)
      }
    }
  }

  const attempt = async (handler: JobHandler, held: InHand, claimedAt: number): Promise<Outcome> => {
    const { claim } = held
    // Given back while it waited for its turn.
    if (held.stop.signal.aborted) return { kind: 'lost' }
    const isFresh = performance.now() - claimedAt < FRESH_CLAIM_MS
    const isOurs = isFresh || (await tries.renew(claim, leaseMsOf(claim.name)))
    return isOurs ? attemptJob(handler, held, needs) : { kind: 'lost' }
  }

  /** Alone, so that what died beside it is not taken for the cause. */
  const attemptSuspect = async (handler: JobHandler, held: InHand): Promise<Outcome> => {
    if (held.stop.signal.aborted) return { kind: 'lost' }
    const begun = await tries.begin(held.claim, leaseMsOf(held.claim.name))
    if (!begun) return { kind: 'lost' }
    held.claim = begun
    return attemptJob(handler, held, needs)
  }

  const decide = async (held: InHand): Promise<Outcome> => {
    const { claim } = held
    const claimedAt = performance.now()
    const handler = byName.get(claim.name)
    if (!handler || claim.version > handler.contract.version) return { kind: 'parked' }
    if (claim.deaths >= MAX_DEATHS) return { kind: 'killer' }
    return claim.deaths < SUSPECT_DEATHS
      ? gate.among(() => attempt(handler, held, claimedAt))
      : gate.alone(() => attemptSuspect(handler, held))
  }

  const processClaim = async (claim: Claim, queue: string): Promise<void> => {
    const started = performance.now()
    const held: InHand = { claim, stop: new AbortController() }
    inHand.add(held)
    try {
      const outcome = await decide(held)
      // Given back in the meantime: whatever came of it, somebody else does it now.
      if (!inHand.has(held)) return
      const ms = Math.round(performance.now() - started)
      const { name: job, id: jobId, attempts, traceparent } = claim
      const facts = { queue, job, jobId, attempt: attempts + 1, ms, traceId: traceIdOf(traceparent) }
      const kind = await writeDown(held.claim, outcome, facts, needs)
      metrics.ended(queue, job, kind, ms / 1_000)
    } finally {
      inHand.delete(held)
    }
  }

  const giveBackOne = async ({ claim, stop }: InHand): Promise<void> => {
    const facts = { job: claim.name, jobId: claim.id }
    stop.abort(new Error('the worker stops'))
    try {
      // False: it ended at this moment, or another worker has it.
      if (await tries.putBack(claim, { delayMs: 0, counted: false, error: null }))
        logger.warn(facts, 'job given back')
    } catch (err) {
      logger.error({ ...facts, err }, 'job could not be given back: its lease has to run out')
    }
  }

  /** Postgres has the last word: a queue that lost all it had gives nothing to anybody, and the work can go on. */
  const leaveIfLost = async (held: InHand): Promise<void> => {
    const { claim, stop } = held
    const isOurs = await tries.renew(claim, leaseMsOf(claim.name)).catch(() => true)
    // Ended in the meantime, or its turn came: then it was ours.
    if (isOurs || held.claim !== claim || !inHand.delete(held)) return
    stop.abort(new Error('another worker has the job'))
    logger.warn({ job: claim.name, jobId: claim.id }, 'job was taken over by another worker')
  }

  return {
    process: async (delivery) => {
      const claim = await claimRow(delivery)
      if (claim) return processClaim(claim, delivery.queue)
      const { queue, name: job, id: jobId } = delivery
      logger.info({ queue, job, jobId }, 'job was done already, or is in hand')
    },
    doubt: async (queueIds) => {
      const doubtful = [...inHand].filter(({ claim }) => queueIds.includes(queueIdOf(claim)))
      await Promise.all(doubtful.map(leaveIfLost))
    },
    stop: () => {
      isStopping = true
    },
    giveBack: async () => {
      const held = [...inHand]
      inHand.clear()
      await Promise.all(held.map(giveBackOne))
    },
  }
}
