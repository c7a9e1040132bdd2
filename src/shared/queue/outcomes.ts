/*
 * What a job's work throws when it knows better than the contract what is to become of the job. Anything else that it
 * throws is one failed try; a DomainError or ZodError that another try cannot change ends the job.
 */

/** No further try can help: the job becomes a dead letter at once. The message is what the operator reads. */
export class PermanentFailure extends Error {
  override readonly name = 'PermanentFailure'
}

/**
 * The try failed, and the work itself counts its tries and says when the next one is: after `delayMs`. The contract's
 * schedule and its `attempts` are for whatever else goes wrong, so the work has to come to an end by itself.
 */
export class RetryLater extends Error {
  override readonly name = 'RetryLater'

  constructor(
    reason: string,
    readonly delayMs: number,
  ) {
    super(reason)
  }
}

/** It could not be tried at all (a circuit is open, say): the job comes again after `delayMs`, and no try is counted. */
export class Postponed extends Error {
  override readonly name = 'Postponed'

  constructor(
    reason: string,
    readonly delayMs: number,
  ) {
    super(reason)
  }
}
