import type { Transaction } from '../database/client.js'
import { type JobContract, type JobSettings, readPayload } from './contract.js'

/** What a handler is told beside the payload. */
export interface JobContext {
  /** The same in every try and every delivery: whoever has the effect remembers it. */
  readonly key: string
  /** The number of this try, from 1; begins anew when an operator sends a dead letter again. */
  readonly attempt: number
  /** Aborted when the try's time is over or the worker has to stop: what still runs then runs beside the next try. */
  readonly signal: AbortSignal
}

/** What the row carries, as it stands there. */
export interface CarriedPayload {
  readonly version: number
  readonly payload: unknown
}

/** A contract with the function that does its work, ready for the consumer. */
export type JobHandler = { readonly contract: JobSettings } & (
  | {
      /** The effect is in this database: the row is closed in the effect's transaction. */
      readonly effect: 'in transaction'
      readonly run: (transaction: Transaction, carried: CarriedPayload, context: JobContext) => Promise<void>
    }
  | {
      /** The effect is elsewhere: the row is closed after it. */
      readonly effect: 'outside'
      readonly run: (carried: CarriedPayload, context: JobContext) => Promise<void>
    }
)

/** Binds a contract to its work; the types of both must agree. */
export const handle = <Payload>(
  contract: JobContract<Payload>,
  work: (payload: Payload, context: JobContext) => Promise<void>,
): JobHandler => ({
  contract,
  effect: 'outside',
  run: async ({ version, payload }, context) => work(readPayload(contract, version, payload), context),
})

/**
 * The same for work whose whole effect is in Postgres. All it does with the database happens in `transaction`, its
 * services' own included, and is committed together with the end of the job: once, however often it is delivered.
 */
export const handleInTransaction = <Payload>(
  contract: JobContract<Payload>,
  work: (payload: Payload, context: JobContext & { readonly transaction: Transaction }) => Promise<void>,
): JobHandler => ({
  contract,
  effect: 'in transaction',
  run: async (transaction, { version, payload }, context) =>
    work(readPayload(contract, version, payload), { ...context, transaction }),
})
