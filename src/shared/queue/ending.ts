import type { Claim } from '../database/outbox-claims.js'
import type { Logger } from '../telemetry/logger.js'
import type { Outcome } from './attempt.js'
import type { QueueMetrics } from './queue-metrics.js'
import type { Tries } from './tries.js'

/** A job that was begun so often and never ended kills its workers: it goes to the dead letters. */
export const MAX_DEATHS = 5
const KILLER_REASON = `${MAX_DEATHS} workers died while they had this job in hand.`

export interface EndingNeeds {
  readonly tries: Tries
  readonly metrics: QueueMetrics
  readonly logger: Logger
}

interface Burial {
  readonly why: 'permanent' | 'exhausted' | 'worker_died'
  readonly reason: string
  readonly error?: unknown
}

const bury = async (claim: Claim, { why, reason, error }: Burial, facts: object, needs: EndingNeeds) => {
  if (!(await needs.tries.bury(claim, reason))) return
  needs.metrics.buried(claim.name, why)
  // Whoever is woken looks for `alert`.
  needs.logger.error({ ...facts, alert: 'dead_letter', why, reason, err: error }, 'job failed')
}

/** Writes down what the job came to, in Postgres and for the operator. */
export const writeDown = async (
  claim: Claim,
  outcome: Outcome,
  facts: object,
  needs: EndingNeeds,
): Promise<void> => {
  const { tries, logger } = needs
  switch (outcome.kind) {
    case 'done':
      return logger.info(facts, 'job done')
    case 'lost':
      return logger.warn(facts, 'job was taken over by another worker')
    case 'parked':
      await tries.park(claim)
      return logger.warn({ ...facts, version: claim.version }, 'job left to a newer worker')
    case 'postpone': {
      const { delayMs, reason } = outcome
      await tries.putBack(claim, { delayMs, counted: false, error: reason })
      return logger.info({ ...facts, delayMs, reason }, 'job postponed')
    }
    case 'retry': {
      const { delayMs, counted, reason, error } = outcome
      await tries.putBack(claim, { delayMs, counted, error: reason })
      return logger.warn({ ...facts, delayMs, err: error }, 'job will be retried')
    }
    case 'bury':
      return bury(claim, outcome, facts, needs)
    case 'killer':
      return bury(claim, { why: 'worker_died', reason: KILLER_REASON }, facts, needs)
  }
}
