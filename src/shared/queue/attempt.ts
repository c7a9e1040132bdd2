import { type Database, inOneTransaction } from '../database/client.js'
import type { Claim } from '../database/outbox-claims.js'
import { closeInTransaction } from '../database/outbox-endings.js'
import { withDeadline } from '../deadline.js'
import { continueTrace, inTrace } from '../telemetry/trace.js'
import { failureCode, type Span, type Tracer } from '../telemetry/tracer.js'
import type { JobContext, JobHandler } from './handler.js'
import type { Tries } from './tries.js'
import { judge, type Verdict } from './verdict.js'

/** What a claimed job comes to. Lost: somebody else has it by now. Killer: too many workers died of it. */
export type Outcome =
  | { readonly kind: 'done' | 'lost' | 'parked' | 'killer' }
  | (Verdict & { readonly error: unknown })

/** One row in this worker's hand. */
export interface InHand {
  /** Another one once a suspect's turn has come. */
  claim: Claim
  /** Tells the work that nobody waits for it any more. */
  readonly stop: AbortController
}

export interface AttemptNeeds {
  readonly database: Database
  readonly tries: Tries
  readonly tracer?: Tracer | undefined
}

/** @returns false when somebody else took the row over in the meantime */
const run = async (
  handler: JobHandler,
  { claim, stop: { signal } }: InHand,
  database: Database,
): Promise<boolean> => {
  const { name, timeoutMs } = handler.contract
  const context: JobContext = { key: claim.key, attempt: claim.attempts + 1, signal }
  if (handler.effect === 'outside') {
    await withDeadline(name, timeoutMs, handler.run(claim, context))
    return true
  }
  const effect = inOneTransaction(database, async (transaction) => {
    if (!(await closeInTransaction(transaction, claim))) return false
    await handler.run(transaction, claim, context)
    // Whoever was told that this try is over must not be contradicted by its commit.
    signal.throwIfAborted()
    return true
  })
  return withDeadline(name, timeoutMs, effect)
}

const OUTCOME = 'unnest.job.outcome'

const startSpan = (tracer: Tracer, { contract: { name, queue } }: JobHandler, claim: Claim): Span => {
  const attributes = {
    'messaging.system': 'outbox',
    'messaging.destination.name': queue,
    'messaging.message.id': claim.id,
    'unnest.job.attempt': claim.attempts + 1,
  }
  return tracer.start(claim.traceparent ?? undefined, {
    name: `process ${name}`,
    kind: 'consumer',
    attributes,
  })
}

/**
 * Does the job's work once, within its time and the trace of what caused it, and closes its row if it was done. Rejects
 * when that cannot be written down: an effect that is there is no failed try, and its row is left to its lease.
 */
export const attemptJob = async (
  handler: JobHandler,
  held: InHand,
  { database, tries, tracer }: AttemptNeeds,
): Promise<Outcome> => {
  const { claim, stop } = held
  const span = tracer && startSpan(tracer, handler, claim)
  try {
    const traceparent = span?.traceparent ?? continueTrace(claim.traceparent)
    const isDone = await inTrace(traceparent, () => run(handler, held, database))
    span?.end({ [OUTCOME]: isDone ? 'done' : 'lost' })
    if (!isDone) return { kind: 'lost' }
  } catch (error) {
    span?.end({}, failureCode(error))
    stop.abort(error)
    return { ...judge(error, handler.contract, claim.attempts + 1), error }
  }
  if (handler.effect === 'outside') await tries.close(claim)
  return { kind: 'done' }
}
