import { type Job, UnrecoverableError, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { ZodError } from 'zod'
import type { Database } from '../database/client.js'
import { closeRow, isOpen } from '../database/outbox.js'
import { withDeadline } from '../deadline.js'
import { DomainError, type ErrorKind } from '../errors.js'
import type { Logger } from '../telemetry/logger.js'
import type { JobHandler } from './handler.js'
import { type JobData, jobData } from './job-data.js'

/** A worker that died is noticed, and its job given to another, within the sum of these two. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000
/** BullMQ fails a job at its second death by default; a roll-out kills more often than that. */
const MAX_DEATHS = 5
const CONCURRENCY = 10

/** What another try cannot change. */
const PERMANENT: ReadonlySet<ErrorKind> = new Set(['invalid', 'not_found', 'forbidden', 'conflict'])

const isPermanent = (error: unknown): boolean =>
  error instanceof UnrecoverableError ||
  error instanceof ZodError ||
  (error instanceof DomainError && PERMANENT.has(error.kind))

export interface ConsumerNeeds {
  readonly database: Database
  /** A patient connection; each queue's worker duplicates it for its blocking reads. */
  readonly redis: Redis
  readonly prefix: string
  readonly handlers: readonly JobHandler[]
  readonly logger: Logger
}

export interface Consumer {
  /** Takes no further jobs and waits for those in hand. */
  readonly close: () => Promise<void>
}

const perform = async (
  handlers: ReadonlyMap<string, JobHandler>,
  needs: ConsumerNeeds,
  job: Job<JobData>,
) => {
  const data = jobData.parse(job.data)
  const handler = handlers.get(job.name)
  if (!handler) throw new Error(`no handler for ${job.name}`)
  // A second delivery of a finished job: the outbox remembers that it is done.
  if (!(await isOpen(needs.database, data.id))) return
  const { timeoutMs, name } = handler.contract
  const logger = needs.logger.child({ job: name, jobId: data.id })
  const signal = AbortSignal.timeout(timeoutMs)
  await withDeadline(name, timeoutMs, handler.run(data.payload, { key: data.key, signal, logger }))
  await closeRow(needs.database, data.id)
}

/** Logs the failure and says to the queue whether another try can help. */
const giveUpOrRetry = (job: Job<JobData>, facts: object, error: unknown, logger: Logger): unknown => {
  const permanent = isPermanent(error)
  const last = permanent || job.attemptsMade + 1 >= (job.opts.attempts ?? 1)
  if (last) logger.error({ ...facts, err: error }, 'job failed')
  else logger.warn({ ...facts, err: error }, 'job will be retried')
  return permanent ? new UnrecoverableError(error instanceof Error ? error.message : String(error)) : error
}

const createProcessor = (handlers: readonly JobHandler[], needs: ConsumerNeeds) => {
  const byName = new Map(handlers.map((handler) => [handler.contract.name, handler]))
  return async (job: Job<JobData>): Promise<void> => {
    const started = performance.now()
    const facts = { queue: job.queueName, job: job.name, jobId: job.id, attempt: job.attemptsMade + 1 }
    try {
      await perform(byName, needs, job)
    } catch (error) {
      throw giveUpOrRetry(job, facts, error, needs.logger)
    }
    needs.logger.info({ ...facts, ms: Math.round(performance.now() - started) }, 'job done')
  }
}

/** Records a job that the queue gave up on as a dead letter, so that the relay stops handing it over. */
const buryFailed = async (needs: ConsumerNeeds, job: Job<JobData> | undefined, error: Error) => {
  const exhausted = job?.finishedOn !== undefined
  if (!job?.id || !exhausted) return
  try {
    await closeRow(needs.database, job.id, error.message.slice(0, 500))
  } catch (cause) {
    // The row stays open: it is handed over again, fails again and is buried then.
    needs.logger.error({ jobId: job.id, err: cause }, 'dead letter could not be recorded')
  }
}

const startWorker = (
  queue: string,
  handlers: readonly JobHandler[],
  needs: ConsumerNeeds,
): Worker<JobData> => {
  const worker = new Worker<JobData>(queue, createProcessor(handlers, needs), {
    connection: needs.redis,
    prefix: needs.prefix,
    concurrency: CONCURRENCY,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: MAX_DEATHS,
  })
  worker.on('error', (error) => needs.logger.debug({ queue, err: error }, 'queue connection'))
  worker.on('failed', (job, error) => void buryFailed(needs, job, error))
  return worker
}

/** Starts one BullMQ worker for each queue that the handlers name. */
export const startConsumer = (needs: ConsumerNeeds): Consumer => {
  const queues = [...new Set(needs.handlers.map(({ contract }) => contract.queue))]
  const workers = queues.map((queue) => {
    const handlers = needs.handlers.filter(({ contract }) => contract.queue === queue)
    return startWorker(queue, handlers, needs)
  })
  return { close: async () => void (await Promise.all(workers.map((worker) => worker.close()))) }
}
