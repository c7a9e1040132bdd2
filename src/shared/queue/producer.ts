import type { Transaction } from '../database/client.js'
import { type NewOutboxRow, outboxPart, writeOutbox } from '../database/outbox.js'
import { continueTrace, currentTraceparent } from '../telemetry/trace.js'
import type { Tracer } from '../telemetry/tracer.js'
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

export interface JobProducerNeeds {
  readonly tracer: Tracer | undefined
}

/**
 * The trace context that the rows carry on; what no request or job has caused begins a trace. The span is a moment's: a row
 * counts as sent when its transaction commits.
 */
const sendingOf = (
  { name, queue }: Pick<JobContract<unknown>, 'name' | 'queue'>,
  tracer: Tracer | undefined,
): string => {
  const parent = currentTraceparent()
  if (!tracer) return parent ?? continueTrace(undefined)
  const attributes = { 'messaging.system': 'outbox', 'messaging.destination.name': queue }
  const span = tracer.start(parent, { name: `send ${name}`, kind: 'producer', attributes })
  span.end()
  return span.traceparent
}

const toRows = <Payload>(
  contract: JobContract<Payload>,
  payloads: readonly Payload[],
  tracer: Tracer | undefined,
): NewOutboxRow[] => {
  if (payloads.length === 0) return []
  const { name, version, queue } = contract
  const traceparent = sendingOf({ name, queue }, tracer)
  return payloads.map((payload) => ({
    name,
    version,
    queue,
    key: contract.key(payload),
    payload: contract.payload.parse(payload),
    traceparent,
  }))
}

export const createJobProducer = ({ tracer }: JobProducerNeeds): JobProducer => {
  const sendAll: JobProducer['sendAll'] = async (transaction, contract, payloads) =>
    writeOutbox(transaction, toRows(contract, payloads, tracer))
  return {
    sendAll,
    send: (transaction, contract, payload) => sendAll(transaction, contract, [payload]),
    toPart: (contract, payloads) => outboxPart.toText(toRows(contract, payloads, tracer)),
  }
}
