/** Where a job can be; the order has no meaning. How a row's columns tell is in `shared/database/outbox-states.ts`. */
export const JOB_STATES = [
  /** Due, and not yet in the queue. */
  'waiting',
  /** In the queue, and in nobody's hand. */
  'queued',
  /** In a worker's hand. */
  'active',
  /** Due later: a try failed, or it was put off. */
  'delayed',
  /** No worker knew what to do with it: it waits for a newer one. */
  'parked',
  'completed',
  /** A dead letter: given up, with a reason. */
  'failed',
  /** A dead letter that somebody has done with. */
  'discarded',
] as const

export type JobState = (typeof JOB_STATES)[number]

/** Of these a queue's open rows are. */
export const OPEN_STATES = [
  'waiting',
  'queued',
  'active',
  'delayed',
  'parked',
] as const satisfies readonly JobState[]

export type OpenState = (typeof OPEN_STATES)[number]
