import { Queue } from 'bullmq'
import type { JobContract } from '../../../src/shared/queue/contract.js'
import type { JobProducer } from '../../../src/shared/queue/producer.js'

/*
 * Takes the place of src/shared/queue/producer.ts in a build of its own: jobs go to BullMQ on the request path, as the
 * baseline's do, though beside the statement, where it adds them behind it. To see what the outbox costs, and for nothing
 * else: a job may be there for an order that is not.
 */

const { REDIS_URL = '', REDIS_PREFIX = '' } = process.env

/** As the baseline has them; nobody works these jobs off. */
const JOB_OPTIONS = { attempts: 9, backoff: { type: 'exponential', delay: 5_000 } }

/** As many rows as the outbox gets. */
const NO_ROWS = '[]'

export const createJobProducer = (): JobProducer => {
  const url = new URL(REDIS_URL)
  const connection = { host: url.hostname, port: Number(url.port), maxRetriesPerRequest: 1 }
  const queues = new Map<string, Queue>()
  const queueOf = (name: string): Queue => {
    const known = queues.get(name) ?? new Queue(name, { connection, prefix: REDIS_PREFIX })
    queues.set(name, known)
    return known
  }
  const add = async <Payload>({ name, queue, key }: JobContract<Payload>, payloads: readonly Payload[]) => {
    const addOne = (payload: Payload) =>
      queueOf(queue).add(name, payload, { ...JOB_OPTIONS, jobId: key(payload) })
    await Promise.all(payloads.map(addOne))
  }
  return {
    sendAll: (_transaction, contract, payloads) => add(contract, payloads),
    send: (_transaction, contract, payload) => add(contract, [payload]),
    toPart: (contract, payloads) => {
      // Lost where Redis refuses it, as nothing here is to be relied on.
      add(contract, payloads).catch(() => {})
      return NO_ROWS
    },
  }
}
