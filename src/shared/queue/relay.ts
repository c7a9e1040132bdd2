import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Database } from '../database/client.js'
import { type Handover, recallRows, takeDueRows, untakeRows } from '../database/outbox-handovers.js'
import { withDeadline } from '../deadline.js'
import type { Logger } from '../telemetry/logger.js'
import { type JobData, queueIdOf, queuePrefixOf } from './job-data.js'
import type { QueueMetrics } from './queue-metrics.js'

const BATCH_ROWS = 500
const RECALL_ROWS = 5_000
/** Longer than the connection's own time-outs. */
const HANDOVER_TIMEOUT_MS = 5_000

/** Above what Postgres gives a statement: packets that vanish end the waiting, not the relay. */
const STATEMENT_TIMEOUT_MS = 10_000

const inTime = <T>(what: string, work: Promise<T>): Promise<T> =>
  withDeadline(what, STATEMENT_TIMEOUT_MS, work)

type BulkJob = Parameters<Queue<JobData>['addBulk']>[0][number]

export interface RelayNeeds {
  readonly database: Database
  /** A fail-fast connection of the queues' own. */
  readonly redis: Redis
  readonly prefix: string
  readonly metrics: QueueMetrics
  readonly logger: Logger
}

export interface Relay {
  /** Hands over one batch of due rows; resolves to how many there were. Rejects when Redis or Postgres is away. */
  readonly handOver: () => Promise<number>
  /** How many jobs wait in these queues for a worker to take them. Rejects when Redis is away. */
  readonly countWaiting: (queues: readonly string[]) => Promise<number>
  readonly close: () => Promise<void>
}

const toBulkJob = ({ id, round, name }: Handover): BulkJob => ({
  name,
  data: { id, round },
  // Its one try is the delivery: how often the job is tried, and when, is the outbox's business. Nothing is kept, since
  // the queue would take a later handover for one that it has had.
  opts: { jobId: queueIdOf({ id, round }), attempts: 1, removeOnComplete: true, removeOnFail: true },
})

/** Makes the hand between the outbox and the queues. */
export const createRelay = ({ database, redis, prefix, metrics, logger }: RelayNeeds): Relay => {
  const queues = new Map<string, Queue<JobData>>()
  /** Gone when Redis has lost what it had: nothing expires it. */
  const lifeSign = `${prefix}:queues-filled`

  const queueOf = (name: string): Queue<JobData> => {
    const open = queues.get(name)
    if (open) return open
    const options = { connection: redis, prefix: queuePrefixOf(prefix), skipVersionCheck: true }
    const queue = new Queue<JobData>(name, options)
    queue.on('error', (error) => logger.debug({ queue: name, err: error }, 'queue connection'))
    queues.set(name, queue)
    return queue
  }

  const addToQueues = async (rows: readonly Handover[]): Promise<void> => {
    const names = [...new Set(rows.map(({ queue }) => queue))]
    const add = (name: string) =>
      queueOf(name).addBulk(rows.filter(({ queue }) => queue === name).map(toBulkJob))
    await Promise.all(names.map(add))
  }

  const recallAll = async (): Promise<void> => {
    let rows = 0
    let batch: number
    do {
      batch = await inTime('recalling jobs', recallRows(database, RECALL_ROWS))
      rows += batch
    } while (batch === RECALL_ROWS)
    // Only then: a relay that dies in between leaves it to the next one.
    await redis.set(lifeSign, '1')
    if (rows === 0) return
    metrics.queueLost()
    logger.warn({ rows }, 'the queue was empty and is filled again from the outbox')
  }

  const handOver = async (): Promise<number> => {
    // BullMQ would keep each batch in memory until Redis comes, and each round of an outage adds one.
    if (redis.status !== 'ready') throw new Error('Redis is away')
    if ((await redis.exists(lifeSign)) === 0) await recallAll()
    const rows = await inTime('taking due jobs', takeDueRows(database, BATCH_ROWS))
    if (rows.length === 0) return 0
    try {
      await withDeadline('handing jobs to the queue', HANDOVER_TIMEOUT_MS, addToQueues(rows))
    } catch (error) {
      await inTime('taking jobs back', untakeRows(database, rows))
      throw error
    }
    metrics.handedOver(rows.length)
    return rows.length
  }

  const countWaiting: Relay['countWaiting'] = async (names) => {
    const counting = Promise.all(names.map((name) => queueOf(name).getWaitingCount()))
    const counts = await withDeadline('counting jobs', HANDOVER_TIMEOUT_MS, counting)
    return counts.reduce((sum, count) => sum + count, 0)
  }

  const close = async (): Promise<void> => {
    await Promise.all([...queues.values()].map((queue) => queue.close()))
  }

  return { handOver, countWaiting, close }
}
