import { setTimeout as wait } from 'node:timers/promises'
import { type Job, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Database } from '../database/client.js'
import { isTransientFailure } from '../database/failures.js'
import { closeRow } from '../database/outbox.js'
import type { Logger } from '../telemetry/logger.js'
import type { JobHandler } from './handler.js'
import type { JobData } from './job-data.js'
import { createProcessor } from './processor.js'

/** A worker that died is noticed, and its job given to another, within the sum of these two. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000
/** BullMQ fails a job at its second death by default; a roll-out kills more often than that. */
const MAX_DEATHS = 5
const CONCURRENCY = 10
/** What BullMQ gets, once no job is in hand, to say goodbye to a Redis that is there, and to one that is away. */
const GOODBYE_MS = 5_000
const GOODBYE_TO_NOBODY_MS = 500

export interface ConsumerNeeds {
  readonly database: Database
  /** A blocking connection; each queue's worker duplicates it for its blocking reads. */
  readonly redis: Redis
  readonly prefix: string
  readonly handlers: readonly JobHandler[]
  readonly logger: Logger
}

export interface Consumer {
  /** Takes no further jobs and waits for those in hand, but not for a Redis that is away. */
  readonly close: () => Promise<void>
}

/** Records a job that the queue gave up on as a dead letter, so that the relay stops handing it over. */
const recordDeadLetter = async (needs: ConsumerNeeds, job: Job<JobData> | undefined, error: Error) => {
  const exhausted = job?.finishedOn !== undefined
  if (!job?.id || !exhausted) return
  // It was not this worker's try that failed: too many workers died of it.
  if (job.deferredFailure) needs.logger.error({ job: job.name, jobId: job.id, err: error }, 'job failed')
  try {
    await closeRow(needs.database, job.id, error.message.slice(0, 500))
  } catch (cause) {
    // The row stays open: it is handed over again, fails again and is recorded then.
    needs.logger.error({ jobId: job.id, err: cause }, 'dead letter could not be recorded')
  }
}

/** Starts one BullMQ worker for each queue that the handlers name. */
export const startConsumer = (needs: ConsumerNeeds): Consumer => {
  const { redis, prefix, logger } = needs
  const inHand = new Set<Promise<void>>()
  const keepInHand = (work: Promise<void>): Promise<void> => {
    const settled = work.finally(() => inHand.delete(settled))
    inHand.add(settled)
    return settled
  }

  const startWorker = (queue: string): Worker<JobData> => {
    const handlers = needs.handlers.filter(({ contract }) => contract.queue === queue)
    const processor = createProcessor(handlers, needs)
    const worker = new Worker<JobData>(queue, (job) => keepInHand(processor(job)), {
      connection: redis,
      prefix,
      concurrency: CONCURRENCY,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: MAX_DEATHS,
    })
    worker.on('error', (error) => {
      // Outages are told by the connection itself; the rest, such as a lost lock, by nobody else.
      logger[isTransientFailure(error) ? 'debug' : 'warn']({ queue, err: error }, 'queue error')
    })
    worker.on('failed', (job, error) => void keepInHand(recordDeadLetter(needs, job, error)))
    return worker
  }

  const untilIdle = async (): Promise<void> => {
    do {
      await Promise.allSettled(inHand)
      const patience = redis.status === 'ready' ? GOODBYE_MS : GOODBYE_TO_NOBODY_MS
      await wait(patience, undefined, { ref: false })
    } while (inHand.size > 0)
  }

  const workers = [...new Set(needs.handlers.map(({ contract }) => contract.queue))].map(startWorker)
  return {
    close: async () => {
      const closed = Promise.all(workers.map((worker) => worker.close())).then(() => undefined)
      // BullMQ waits for Redis for ever; what it still wanted to tell it is in the outbox.
      await Promise.race([closed, untilIdle()])
      await Promise.allSettled(inHand)
    },
  }
}
