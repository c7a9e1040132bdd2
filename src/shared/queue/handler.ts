import type { JobContract, JobSettings } from './contract.js'

/** What a handler is told beside the payload. */
export interface JobContext {
  /** The same in every try and every delivery: whoever has the effect remembers it. */
  readonly key: string
}

/** A contract with the function that does its work, ready for the consumer. */
export interface JobHandler {
  readonly contract: JobSettings
  /** Checks the payload against the contract, then works. */
  readonly run: (payload: unknown, context: JobContext) => Promise<void>
}

/** Binds a contract to its work; the types of both must agree. */
export const handle = <Payload>(
  contract: JobContract<Payload>,
  work: (payload: Payload, context: JobContext) => Promise<void>,
): JobHandler => ({
  contract,
  run: async (payload, context) => work(contract.payload.parse(payload), context),
})
