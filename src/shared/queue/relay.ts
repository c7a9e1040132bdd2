import { Queue } from 'bullmq'
import type { Database } from '../database/client.js'
import { type Handover, recallRows, takeDueRows, untakeRows } from '../database/outbox-handovers.js'
import { withDeadline } from '../deadline.js'
import type { RedisClient } from '../redis/client.js'
import type { Logger } from '../telemetry/logger.js'
import { type JobData, queueIdOf, queuePrefixOf } from './job-data.js'
import type { QueueMetrics } from './queue-metrics.js'

/** Of each queue. */
const BATCH_ROWS = 500
/** Jobs of one queue that wait in Redis, about: the rest wait in Postgres, where there is room for them. */
const MAX_WAITING = 10_000
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
  readonly redis: RedisClient
  readonly prefix: string
  readonly metrics: QueueMetrics
  readonly logger: Logger
}

export interface Relay {
  /** Hands over one batch of due rows, or recalls one; resolves to how many there were. Rejects when Redis or Postgres is away. */
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
  let recalled = 0

  const queueOf = (name: string): Queue<JobData> => {
    const open = queues.get(name)
    if (open) return open
    const options = { connection: redis, prefix: queuePrefixOf(prefix), skipVersionCheck: true }
    const queue = new Queue<JobData>(name, options)
    queue.on('error', (error) => logger.debug({ queue: name, err: error }, 'queue connection'))
    queues.set(name, queue)
    return queue
  }

  /**
   * Whether Redis has what it was given, and which queues have no room for a batch, in one round trip; of a queue that this
   * relay has not filled, the next batch tells.
   */
  const lookAtQueues = async (): Promise<{ readonly hasAll: boolean; readonly full: readonly string[] }> => {
    const filled = [...queues.values()]
    // No pipeline: one that a moving slot has parted is asked again, as a whole, where only a part of the keys is.
    const asking = [redis.exists(lifeSign), ...filled.map((queue) => redis.llen(queue.toKey('wait')))]
    const [signs, ...waiting] = await Promise.all(asking)
    const isFull = (_queue: unknown, index: number): boolean =>
      (waiting[index] ?? 0) > MAX_WAITING - BATCH_ROWS
    return { hasAll: signs === 1, full: filled.filter(isFull).map(({ name }) => name) }
  }

  const addToQueue = async (name: string, rows: readonly Handover[]): Promise<void> => {
    await queueOf(name).addBulk(rows.map(toBulkJob))
  }

  const handToQueue = async (name: string, rows: readonly Handover[]): Promise<void> => {
    try {
      await withDeadline('handing jobs to the queue', HANDOVER_TIMEOUT_MS, addToQueue(name, rows))
    } catch (error) {
      await inTime('taking jobs back', untakeRows(database, rows))
      throw error
    }
    metrics.handedOver(rows.length)
  }

  /** A queue that takes nothing, whatever is wrong with it, keeps no other from its own jobs. */
  const handToQueues = async (rows: readonly Handover[]): Promise<void> => {
    const names = [...new Set(rows.map(({ queue }) => queue))]
    const handing = names.map((name) => {
      const ofQueue = rows.filter(({ queue }) => queue === name)
      return handToQueue(name, ofQueue)
    })
    const failed = (await Promise.allSettled(handing)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  /** One batch: a long recall is many turns, so that whoever watches sees them end. */
  const recall = async (lookedAt: number): Promise<number> => {
    const sinceLook = (performance.now() - lookedAt) / 1_000
    const batch = await inTime('recalling jobs', recallRows(database, RECALL_ROWS, sinceLook))
    recalled += batch
    if (batch === RECALL_ROWS) return batch
    // Only then: a relay that dies in between leaves it to the next one.
    await redis.set(lifeSign, '1')
    if (recalled > 0) {
      metrics.queueLost()
      logger.warn({ rows: recalled }, 'the queue was empty and is filled again from the outbox')
    }
    return 0
  }

  const handOver = async (): Promise<number> => {
    // BullMQ would keep each batch in memory until Redis comes, and each round of an outage adds one.
    if (redis.status !== 'ready') throw new Error('Redis is away')
    const lookedAt = performance.now()
    const { hasAll, full } = await withDeadline('looking at the queues', HANDOVER_TIMEOUT_MS, lookAtQueues())
    if (!hasAll && (await recall(lookedAt)) > 0) return RECALL_ROWS
    // Also when another relay came to the end of it: what was counted is no part of the next loss.
    recalled = 0
    const rows = await inTime('taking due jobs', takeDueRows(database, BATCH_ROWS, full))
    if (rows.length === 0) return 0
    await handToQueues(rows)
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
