/**
 * How many of something may happen in how much time, under one key.
 *
 * Up to `EXACT_UP_TO` the time of each is kept, so that never more than `max` happen within any `windowMs`:
 * ten guesses in a quarter of an hour are ten, and not twenty around the turn of it. Above that a counter that
 * starts anew with each window is enough, from which each pod takes some in advance: there it is load that is kept off, not a
 * guess.
 */
export interface Allowance {
  readonly max: number
  readonly windowMs: number
}

export const EXACT_UP_TO = 100

/** What taking one from an allowance has come to. What is refused is not counted. */
export interface Taken {
  /** How many there are in the window; above `max` when this one was refused. */
  readonly current: number
  /** Milliseconds until one more is allowed, or, while some are left, until the window is over. */
  readonly ttlMs: number
}
