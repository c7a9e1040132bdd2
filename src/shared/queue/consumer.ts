import { setTimeout as wait } from 'node:timers/promises'
import { type Job, Worker } from 'bullmq'
import { isTransientFailure } from '../database/failures.js'
import type { RedisClient } from '../redis/client.js'
import type { Logger } from '../telemetry/logger.js'
import type { JobHandler } from './handler.js'
import { type JobData, jobData, queuePrefixOf } from './job-data.js'
import { createProcessor, type ProcessorNeeds } from './processor.js'

/** A worker that died is noticed, and its job given to another, within the sum of these two. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000
/** The outbox counts the deaths: BullMQ's own limit would drop the job, and with it only time. */
const NO_LIMIT = 1_000_000
/** What BullMQ gets, once no job is in hand, to say goodbye to a Redis that is there, and to one that is away. */
const GOODBYE_MS = 5_000
const GOODBYE_TO_NOBODY_MS = 500

export interface ConsumerNeeds extends Omit<ProcessorNeeds, 'logger'> {
  /** A blocking connection; each queue's worker duplicates it for its blocking reads. */
  readonly redis: RedisClient
  readonly prefix: string
  readonly handlers: readonly JobHandler[]
  /** Tries at once, by queue; what is not named has its contracts' own number. */
  readonly concurrency: Readonly<Record<string, number>>
  /** Milliseconds that what is in hand gets to finish when the worker closes; then it is given back. */
  readonly finishMs: number
  readonly logger: Logger
}

export interface Consumer {
  /** Takes no further jobs, waits for those in hand and gives back the rest; does not wait for a Redis that is away. */
  readonly close: () => Promise<void>
  /**
   * When the last delivery ended that tells whether this queue gets on, as `performance.now()` tells it: while it has jobs
   * in hand that of all queues, since another queue's suspect may keep them waiting; else its own last one.
   */
  readonly lastEndAt: (queue: string) => number
}

/** Starts one BullMQ worker for each queue that the handlers name. */
export const startConsumer = (needs: ConsumerNeeds): Consumer => {
  const { redis, prefix, logger } = needs
  const processor = createProcessor(needs.handlers, needs)
  const inHand = new Map<Promise<void>, string>()
  const startedAt = performance.now()
  const lastEnds = new Map<string, number>()

  const keepInHand = (queue: string, work: Promise<void>): Promise<void> => {
    const settled = work.finally(() => {
      inHand.delete(settled)
      lastEnds.set(queue, performance.now())
    })
    inHand.set(settled, queue)
    return settled
  }

  const process = async (job: Job<JobData>): Promise<void> => {
    const { id, round } = jobData.parse(job.data)
    const { name, queueName: queue } = job
    await processor.process({ id, round, name, queue, redelivered: job.stalledCounter > 0 })
  }

  const concurrencyOf = (queue: string): number => {
    const ofQueue = needs.handlers.filter(({ contract }) => contract.queue === queue)
    return needs.concurrency[queue] ?? Math.max(...ofQueue.map(({ contract }) => contract.concurrency))
  }

  const startWorker = (queue: string): Worker<JobData> => {
    const worker = new Worker<JobData>(queue, (job) => keepInHand(queue, process(job)), {
      connection: redis,
      prefix: queuePrefixOf(prefix),
      concurrency: concurrencyOf(queue),
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: NO_LIMIT,
    })
    worker.on('error', (error) => {
      // Outages are told by the connection itself; the rest, such as a lost lock, by nobody else.
      logger[isTransientFailure(error) ? 'debug' : 'warn']({ queue, err: error }, 'queue error')
    })
    worker.on('lockRenewalFailed', (ids) => void processor.doubt(ids))
    worker.on('failed', (job, error) => {
      // The row stays open and is handed over again.
      logger.warn({ queue, job: job?.name, jobId: job?.data.id, err: error }, 'delivery came to nothing')
    })
    return worker
  }

  const untilIdle = async (): Promise<void> => {
    do {
      await Promise.allSettled(inHand.keys())
      const patience = redis.status === 'ready' ? GOODBYE_MS : GOODBYE_TO_NOBODY_MS
      await wait(patience, undefined, { ref: false })
    } while (inHand.size > 0)
  }

  const workers = [...new Set(needs.handlers.map(({ contract }) => contract.queue))].map(startWorker)
  return {
    lastEndAt: (queue) => {
      const hasJobs = [...inHand.values()].includes(queue)
      return hasJobs ? Math.max(startedAt, ...lastEnds.values()) : (lastEnds.get(queue) ?? startedAt)
    },
    close: async () => {
      processor.stop()
      const closed = Promise.all(workers.map((worker) => worker.close())).then(() => undefined)
      const timeIsUp = wait(needs.finishMs, undefined, { ref: false })
      // BullMQ waits for Redis for ever; what it still wanted to tell it is in the outbox.
      await Promise.race([closed, untilIdle(), timeIsUp])
      await processor.giveBack()
    },
  }
}
