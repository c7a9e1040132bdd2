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

/** @returns false when the row is not ours any more, and says already what became of the job */
const record = async (claim: Claim, outcome: Outcome, tries: Tries): Promise<boolean> => {
  switch (outcome.kind) {
    case 'done':
      return true
    case 'lost':
      return false
    case 'parked':
      return tries.park(claim)
    case 'postpone':
      return tries.putBack(claim, { delayMs: outcome.delayMs, counted: false, error: outcome.reason })
    case 'retry':
      return tries.putBack(claim, {
        delayMs: outcome.delayMs,
        counted: outcome.counted,
        error: outcome.reason,
      })
    case 'bury':
      return tries.bury(claim, outcome.reason)
    case 'killer':
      return tries.bury(claim, KILLER_REASON)
  }
}

interface Burial {
  readonly why: 'permanent' | 'exhausted' | 'worker_died'
  readonly reason: string
  readonly error?: unknown
}

const tellBurial = (claim: Claim, { why, reason, error }: Burial, facts: object, needs: EndingNeeds) => {
  needs.metrics.buried(claim.name, why)
  // Whoever is woken looks for `alert`.
  needs.logger.error({ ...facts, alert: 'dead_letter', why, reason, err: error }, 'job failed')
}

const tell = (claim: Claim, outcome: Outcome, facts: object, needs: EndingNeeds) => {
  const { logger } = needs
  switch (outcome.kind) {
    case 'done':
      return logger.info(facts, 'job done')
    case 'lost':
      return logger.warn(facts, 'job ended elsewhere, or another worker has it')
    case 'parked':
      return logger.warn({ ...facts, version: claim.version }, 'job left to a newer worker')
    case 'postpone': {
      const { delayMs, reason } = outcome
      return logger.info({ ...facts, delayMs, reason }, 'job postponed')
    }
    case 'retry': {
      const { delayMs, error } = outcome
      return logger.warn({ ...facts, delayMs, err: error }, 'job will be retried')
    }
    case 'bury':
      return tellBurial(claim, outcome, facts, needs)
    case 'killer':
      return tellBurial(claim, { why: 'worker_died', reason: KILLER_REASON }, facts, needs)
  }
}

/**
 * Writes down what the job came to, in Postgres and for the operator.
 * @returns what it came to: `lost`, whatever the try was like, when the row was not this worker's any more
 */
export const writeDown = async (
  claim: Claim,
  outcome: Outcome,
  facts: object,
  needs: EndingNeeds,
): Promise<Outcome['kind']> => {
  const isOurs = await record(claim, outcome, needs.tries)
  const result: Outcome = isOurs ? outcome : { kind: 'lost' }
  tell(claim, result, facts, needs)
  return result.kind
}
