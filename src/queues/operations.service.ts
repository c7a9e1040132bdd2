import type { AuditAction, AuditTrail } from '../shared/database/audit.js'
import { noteChanges } from '../shared/database/changes.js'
import type { Database, Transaction } from '../shared/database/client.js'
import type { Origin } from '../shared/origin.js'
import type { Principal } from '../shared/principal.js'
import type { DeadLettersRepository } from './dead-letters.repository.js'
import { COUNTS_TAG } from './queues.counts.js'
import type { FailedFilter, OperationResult } from './queues.schemas.js'

export interface OperationsServiceNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly deadLettersOf: (transaction: Transaction) => DeadLettersRepository
}

/** Who does it, and from where: for the audit log. */
export interface Operator {
  readonly principal: Principal
  readonly origin: Origin
}

/** Which dead letters, and whether only to look: 10,000 in one call at most, those that failed first. */
export interface Operation {
  readonly queue: string
  readonly filter: FailedFilter
  readonly dryRun: boolean
}

export interface OperationsService {
  /** Sends dead letters again from their first try, `perSecond` of them in a second. */
  readonly requeue: (
    operator: Operator,
    operation: Operation & { readonly perSecond: number },
  ) => Promise<OperationResult>
  /** Puts dead letters away: nobody counts or lists them any more. */
  readonly discard: (operator: Operator, operation: Operation) => Promise<OperationResult>
}

/** For the audit log: of ids, how many; one alone is named. */
const detailsOf = ({ queue, filter }: Operation) => ({
  queue,
  name: filter.name ?? null,
  ids: filter.ids?.length ?? null,
  id: filter.ids?.length === 1 ? (filter.ids[0] ?? null) : null,
  failedAfter: filter.failedAfter?.toISOString() ?? null,
  failedBefore: filter.failedBefore?.toISOString() ?? null,
})

export const createOperationsService = (needs: OperationsServiceNeeds): OperationsService => {
  const { database, auditTrail, deadLettersOf } = needs

  const operate = (
    action: AuditAction,
    { principal, origin }: Operator,
    operation: Operation,
    act: (deadLetters: DeadLettersRepository) => Promise<number>,
    more: Readonly<Record<string, number>> = {},
  ): Promise<OperationResult> =>
    database.transaction(async (transaction) => {
      const { queue, filter, dryRun } = operation
      const deadLetters = deadLettersOf(transaction)
      const match = await deadLetters.match(queue, filter)
      if (dryRun || match.matched === 0) return { dryRun, ...match, done: 0 }
      const done = await act(deadLetters)
      noteChanges([COUNTS_TAG])
      const details = { ...detailsOf(operation), ...more, matched: match.matched, done }
      const who = { actorId: principal.userId, subjectId: null, sessionId: principal.sessionId }
      await auditTrail.record(transaction, { action, ...who, origin, details })
      return { dryRun, ...match, done }
    })

  return {
    requeue: (operator, operation) => {
      const { queue, filter, perSecond } = operation
      const act = (deadLetters: DeadLettersRepository) => deadLetters.requeue(queue, filter, perSecond)
      return operate('jobs.requeued', operator, operation, act, { perSecond })
    },
    discard: (operator, operation) => {
      const { queue, filter } = operation
      return operate('jobs.discarded', operator, operation, (letters) => letters.discard(queue, filter))
    },
  }
}
