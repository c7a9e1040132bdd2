import { type Job, UnrecoverableError } from 'bullmq'
import { ZodError } from 'zod'
import type { Database } from '../database/client.js'
import { closeRow, isOpen } from '../database/outbox.js'
import { withDeadline } from '../deadline.js'
import { DomainError, type ErrorKind } from '../errors.js'
import { serialiseError } from '../telemetry/error-serialiser.js'
import type { Logger } from '../telemetry/logger.js'
import type { JobHandler } from './handler.js'
import { type JobData, jobData } from './job-data.js'
import { PermanentFailure } from './outcomes.js'

/** What another try cannot change. */
const PERMANENT: ReadonlySet<ErrorKind> = new Set([
  'invalid',
  'not_found',
  'forbidden',
  'conflict',
  'outdated',
  'unprocessable',
])

const isPermanent = (error: unknown): boolean =>
  error instanceof PermanentFailure ||
  error instanceof ZodError ||
  (error instanceof DomainError && PERMANENT.has(error.kind))

export interface ProcessorNeeds {
  readonly database: Database
  readonly logger: Logger
}

/** Does one try of a job. Rejects with what the queue is to know: UnrecoverableError when no other try can help. */
export type Processor = (job: Job<JobData>) => Promise<void>

const perform = async (
  handlers: ReadonlyMap<string, JobHandler>,
  { database }: ProcessorNeeds,
  job: Job<JobData>,
): Promise<string> => {
  const data = jobData.parse(job.data)
  const handler = handlers.get(job.name)
  // Written by a newer pod in a roll-out: the row stays open and comes again, by then for a newer worker.
  if (!handler || handler.contract.version < data.version) return 'job left to a newer worker'
  // A second delivery of a finished job: the outbox remembers that it is done.
  if (!(await isOpen(database, data.id))) return 'job was done already'
  const { timeoutMs, name } = handler.contract
  await withDeadline(name, timeoutMs, handler.run(data.payload, { key: data.key }))
  await closeRow(database, data.id)
  return 'job done'
}

/**
 * Logs the failure and makes what the queue is to know of it: whether another try can help, and a reason
 * without the personal data that a failed query's own message carries.
 */
const giveUpOrRetry = (job: Job<JobData>, facts: object, error: unknown, logger: Logger): Error => {
  const permanent = isPermanent(error)
  const last = permanent || job.attemptsMade + 1 >= (job.opts.attempts ?? 1)
  if (last) logger.error({ ...facts, err: error }, 'job failed')
  else logger.warn({ ...facts, err: error }, 'job will be retried')
  const { message } = serialiseError(error)
  return permanent ? new UnrecoverableError(message) : new Error(message)
}

export const createProcessor = (handlers: readonly JobHandler[], needs: ProcessorNeeds): Processor => {
  const byName = new Map(handlers.map((handler) => [handler.contract.name, handler]))
  return async (job) => {
    const started = performance.now()
    const facts = { queue: job.queueName, job: job.name, jobId: job.id, attempt: job.attemptsMade + 1 }
    try {
      const outcome = await perform(byName, needs, job)
      needs.logger.info({ ...facts, ms: Math.round(performance.now() - started) }, outcome)
    } catch (error) {
      throw giveUpOrRetry(job, facts, error, needs.logger)
    }
  }
}
