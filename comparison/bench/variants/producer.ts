import { Queue } from 'bullmq'
import type { Transaction } from '../../../src/shared/database/client.js'
import type { JobContract } from '../../../src/shared/queue/contract.js'
import type { JobProducer } from '../../../src/shared/queue/producer.js'

/*
 * Takes the place of src/shared/queue/producer.ts in a build of its own: jobs go to BullMQ on the request path, as the
 * baseline's do, and are lost when the process dies in between. To see what the outbox costs, and for nothing else.
 */

const { REDIS_URL = '', REDIS_PREFIX = '' } = process.env

/** The baseline's options of a job. */
const JOB_OPTIONS = { attempts: 9, backoff: { type: 'exponential', delay: 5_000 }, removeOnComplete: true }

export const createJobProducer = (): JobProducer => {
  const url = new URL(REDIS_URL)
  const connection = { host: url.hostname, port: Number(url.port), maxRetriesPerRequest: 1 }
  const queues = new Map<string, Queue>()
  const queueOf = (name: string): Queue => {
    const known = queues.get(name) ?? new Queue(name, { connection, prefix: REDIS_PREFIX })
    queues.set(name, known)
    return known
  }
  const sendAll = async <Payload>(
    _transaction: Transaction,
    { name, queue, key }: JobContract<Payload>,
    payloads: readonly Payload[],
  ): Promise<void> => {
    const add = (payload: Payload) =>
      queueOf(queue).add(name, payload, { ...JOB_OPTIONS, jobId: key(payload) })
    await Promise.all(payloads.map(add))
  }
  return { sendAll, send: (transaction, contract, payload) => sendAll(transaction, contract, [payload]) }
}
