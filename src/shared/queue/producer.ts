import type { Transaction } from '../database/client.js'
import { type NewOutboxRow, outboxPart, writeOutbox } from '../database/outbox.js'
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
  /** The same for a change that is one statement: what `outboxPart` of that statement takes. */
  readonly toPart: <Payload>(contract: JobContract<Payload>, payloads: readonly Payload[]) => string
}

const toRows = <Payload>(contract: JobContract<Payload>, payloads: readonly Payload[]): NewOutboxRow[] => {
  const { name, version, queue } = contract
  const traceparent = currentTraceparent()
  return payloads.map((payload) => ({
    name,
    version,
    queue,
    key: contract.key(payload),
    payload: contract.payload.parse(payload),
    traceparent,
  }))
}

export const createJobProducer = (): JobProducer => {
  const sendAll: JobProducer['sendAll'] = async (transaction, contract, payloads) =>
    writeOutbox(transaction, toRows(contract, payloads))
  return {
    sendAll,
    send: (transaction, contract, payload) => sendAll(transaction, contract, [payload]),
    toPart: (contract, payloads) => outboxPart.toText(toRows(contract, payloads)),
  }
}
