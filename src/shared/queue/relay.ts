import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Database } from '../database/client.js'
import { lockDueRows, markHandedOver, type OutboxRow } from '../database/outbox.js'
import { withDeadline } from '../deadline.js'
import type { Logger } from '../telemetry/logger.js'
import type { JobSettings } from './contract.js'
import type { JobData } from './job-data.js'

const BATCH_SIZE = 200
/** Longer than the connection's own time-outs; a handover holds row locks while it waits. */
const HANDOVER_TIMEOUT_MS = 5_000

type BulkJob = Parameters<Queue<JobData>['addBulk']>[0][number]

export interface RelayNeeds {
  readonly database: Database
  /** A fail-fast connection of the queues' own. */
  readonly redis: Redis
  readonly prefix: string
  /** Every job that may stand in the outbox: retries and delays come from here. */
  readonly contracts: readonly JobSettings[]
  readonly logger: Logger
}

export interface Relay {
  /** Hands over one batch of due rows; resolves to how many there were. Rejects when Redis is away. */
  readonly handOver: () => Promise<number>
  readonly close: () => Promise<void>
}

const toBulkJob = (row: OutboxRow, contract: JobSettings): BulkJob => ({
  name: row.name,
  data: { id: row.id, version: row.version, key: row.key, payload: row.payload },
  opts: {
    // The queue ignores a row that it still has: handing over twice is harmless. It must not have a job that
    // failed, though: if its worker died before it wrote the dead letter, the row would stay open for ever.
    jobId: row.id,
    attempts: contract.attempts,
    backoff: { type: 'exponential', delay: contract.backoffMs, jitter: 0.5 },
    removeOnComplete: true,
    removeOnFail: true,
  },
})

/**
 * Makes the hand between the outbox and the queues. The rows stay locked while the queue takes them and
 * are marked only then, so a relay that dies in between leaves them due for the next one.
 */
export const createRelay = ({ database, redis, prefix, contracts, logger }: RelayNeeds): Relay => {
  const byName = new Map(contracts.map((contract) => [contract.name, contract]))
  const queues = new Map<string, Queue<JobData>>()

  const queueOf = (name: string): Queue<JobData> => {
    const open = queues.get(name)
    if (open) return open
    const queue = new Queue<JobData>(name, { connection: redis, prefix, skipVersionCheck: true })
    queue.on('error', (error) => logger.debug({ queue: name, err: error }, 'queue connection'))
    queues.set(name, queue)
    return queue
  }

  const addToQueues = async (rows: readonly OutboxRow[]): Promise<void> => {
    // BullMQ would keep each batch in memory until Redis comes, and each round of an outage adds one.
    if (redis.status !== 'ready') throw new Error('Redis is away')
    const jobsByQueue = new Map<string, BulkJob[]>()
    for (const row of rows) {
      const contract = byName.get(row.name)
      // Written by a newer pod in a roll-out: it comes due again, by then for a relay that knows it.
      if (!contract) logger.warn({ job: row.name, jobId: row.id }, 'unknown job left in the outbox')
      else
        jobsByQueue.set(contract.queue, [
          ...(jobsByQueue.get(contract.queue) ?? []),
          toBulkJob(row, contract),
        ])
    }
    await Promise.all([...jobsByQueue].map(([name, jobs]) => queueOf(name).addBulk(jobs)))
  }

  const handOver = (): Promise<number> =>
    database.transaction(async (transaction) => {
      const rows = await lockDueRows(transaction, BATCH_SIZE)
      if (rows.length === 0) return 0
      await withDeadline('handing jobs to the queue', HANDOVER_TIMEOUT_MS, addToQueues(rows))
      await markHandedOver(
        transaction,
        rows.map(({ id }) => id),
      )
      return rows.length
    })

  const close = async (): Promise<void> => {
    await Promise.all([...queues.values()].map((queue) => queue.close()))
  }

  return { handOver, close }
}
