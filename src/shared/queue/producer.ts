import type { Transaction } from '../database/client.js'
import { writeOutbox } from '../database/outbox.js'
import { currentTraceparent } from '../telemetry/trace.js'
import type { JobContract } from './contract.js'

export interface JobProducer {
  /**
   * Enqueues a job in the transaction of the write that causes it: both happen or neither does, and
   * neither needs Redis. A key that was sent before is not sent again.
   * @throws ZodError when the payload breaks the contract, before anything is written.
   */
  readonly send: <Payload>(
    transaction: Transaction,
    contract: JobContract<Payload>,
    payload: Payload,
  ) => Promise<void>
  /** The same for several at once, in one statement. */
  readonly sendAll: <Payload>(
    transaction: Transaction,
    contract: JobContract<Payload>,
    payloads: readonly Payload[],
  ) => Promise<void>
}

export const createJobProducer = (): JobProducer => {
  const sendAll: JobProducer['sendAll'] = async (transaction, contract, payloads) => {
    const { name, version } = contract
    const traceparent = currentTraceparent()
    const rows = payloads.map((payload) => ({
      name,
      version,
      queue: contract.queue,
      key: contract.key(payload),
      payload: contract.payload.parse(payload),
      traceparent,
    }))
    await writeOutbox(transaction, rows)
  }
  return { sendAll, send: (transaction, contract, payload) => sendAll(transaction, contract, [payload]) }
}
