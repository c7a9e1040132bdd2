import type { Database } from '../database/client.js'
import { isTransientFailure } from '../database/failures.js'
import { StaleHolderError } from '../database/fence.js'
import { isDue, recordBatch, recordEnd, recordSetback, recordStart } from '../database/job-runs.js'
import { DeadlineError, withDeadline } from '../deadline.js'
import type { Holder, Locks } from '../lock/locks.js'
import { reasonOf } from '../telemetry/error-serialiser.js'
import type { Logger } from '../telemetry/logger.js'
import type { ScheduleMetrics } from './schedule-metrics.js'
import type { ScheduledJob } from './scheduled-job.js'

export interface RunNeeds {
  readonly database: Database
  readonly locks: Locks
  /** This pod, as the records name it. */
  readonly holder: string
  readonly logger: Logger
  readonly metrics: ScheduleMetrics
  /** Aborted when the pod stops: a run then ends after the batch in hand, and another pod goes on. */
  readonly stopping: AbortSignal
}

const LOOK_LIMIT_MS = 5_000

/** @returns false when there was not time for all */
const runBatches = async (
  { name, batchRows, runBatch }: ScheduledJob,
  { token, signal, write }: Holder,
  stopping: AbortSignal,
): Promise<{ readonly rows: number; readonly finished: boolean }> => {
  let rows = 0
  while (!stopping.aborted && !signal.aborted) {
    const batch = await write(async (transaction) => {
      const done = await runBatch(transaction, batchRows)
      await recordBatch(transaction, { name, token }, done)
      return done
    })
    rows += batch
    if (batch < batchRows) return { rows, finished: true }
  }
  return { rows, finished: false }
}

/**
 * Writes why the run failed. What may pass, a batch that took too long included, is no end: the job stays due. Of a run
 * that lost its place to another pod, or Postgres altogether, there is nothing to write.
 */
const recordFailure = async (holder: Holder, name: string, error: unknown): Promise<void> => {
  if (error instanceof StaleHolderError || error instanceof DeadlineError) return
  const record = isTransientFailure(error) ? recordSetback : recordEnd
  await holder.write((transaction) => record(transaction, { name, token: holder.token }, reasonOf(error)))
}

const run = async (job: ScheduledJob, holder: Holder, needs: RunNeeds): Promise<void> => {
  const { logger, metrics, stopping } = needs
  const key = { name: job.name, token: holder.token }
  // Somebody else may have done it between the look and the lock.
  const begun = await holder.write(async (transaction) => {
    if (!(await isDue(transaction, job))) return false
    await recordStart(transaction, key, needs.holder, job.everySeconds)
    return true
  })
  if (!begun) return
  const started = performance.now()
  try {
    const { rows, finished } = await runBatches(job, holder, stopping)
    if (finished) await holder.write((transaction) => recordEnd(transaction, key, null))
    metrics.ended(job.name, finished ? 'done' : 'left')
    const facts = { job: job.name, token: holder.token, rows, ms: Math.round(performance.now() - started) }
    logger[rows > 0 ? 'info' : 'debug'](
      facts,
      finished ? 'scheduled job done' : 'scheduled job left to others',
    )
  } catch (error) {
    metrics.ended(job.name, error instanceof StaleHolderError ? 'taken_over' : 'failed')
    await recordFailure(holder, job.name, error).catch(() => {})
    throw error
  }
}

/**
 * Runs the job if its time has come and no other pod runs it. A run that did not come to its end (its pod stopped,
 * froze or died) leaves the job due.
 * @throws whatever the job throws; StaleHolderError when another pod took over; ExecutionError when Redis is away
 */
export const runIfDue = async (job: ScheduledJob, needs: RunNeeds): Promise<void> => {
  if (!(await withDeadline(job.name, LOOK_LIMIT_MS, isDue(needs.database, job)))) return
  await needs.locks.runExclusive(job.name, (holder) => run(job, holder, needs))
}
