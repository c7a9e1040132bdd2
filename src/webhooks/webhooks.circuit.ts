import type { DisabledReason } from './webhooks.states.js'

/*
 * The circuit of an endpoint. Its state is in Postgres, so that all workers see one:
 *   closed     up to MAX_IN_FLIGHT deliveries at once
 *   open       nothing is sent; also while the endpoint's own Retry-After lasts
 *   half-open  the time is over after failures: one delivery at a time, until one arrives or fails
 */

/** So few that an endpoint which stalls holds a small share of a worker's places. */
export const MAX_IN_FLIGHT = 2
/** With all his endpoints together an owner holds no more of a worker's forty places. */
const MAX_IN_FLIGHT_OF_OWNER = 8
const FAILURES_TO_OPEN = 5
const FIRST_OPEN_MS = 30_000
const LONGEST_OPEN_MS = 600_000

/** Days without one success, and failures in them, after which the endpoint is disabled. */
const FAILING_DAYS = 5
const FAILURES_TO_DISABLE = 10
const DAY_MS = 86_400_000

/** How often all that waits for one endpoint looks for a free place, in a second, on all workers together. */
const LOOKS_PER_SECOND = 50
const SHORTEST_WAIT_MS = 100
/** Half of the time that a probe can take. */
const PROBE_WAIT_MS = 7_500

export interface Circuit {
  readonly consecutiveFailures: number
  /** Milliseconds for which it is still open; 0 or less when it is not. */
  readonly openMs: number
  /** Deliveries that are on their way at the moment. */
  readonly inFlight: number
  /** The same, of all endpoints of its owner. */
  readonly inFlightOfOwner: number
}

const isHalfOpen = ({ consecutiveFailures }: Circuit): boolean => consecutiveFailures >= FAILURES_TO_OPEN

/** Whether a delivery may go now. */
export const mayGo = (circuit: Circuit): boolean =>
  circuit.openMs <= 0 &&
  circuit.inFlight < (isHalfOpen(circuit) ? 1 : MAX_IN_FLIGHT) &&
  circuit.inFlightOfOwner < MAX_IN_FLIGHT_OF_OWNER

/**
 * Milliseconds after which a delivery that may not go asks again. They grow with the number of those that wait, this one
 * included: a thousand that look for one place every second would keep the workers from everything else.
 */
export const waitMs = (circuit: Circuit, waiting: number): number => {
  const base = circuit.openMs > 0 ? circuit.openMs : isHalfOpen(circuit) ? PROBE_WAIT_MS : SHORTEST_WAIT_MS
  return Math.round(base + (Math.random() * 2_000 * waiting) / LOOKS_PER_SECOND)
}

/** Milliseconds for which the circuit opens after so many failures in a row; 0 while it stays closed. */
export const openMsAfter = (failures: number): number =>
  failures < FAILURES_TO_OPEN
    ? 0
    : Math.min(FIRST_OPEN_MS * 2 ** (failures - FAILURES_TO_OPEN), LONGEST_OPEN_MS)

/** Why an endpoint is to be disabled after a failure, if it is. */
export const reasonToDisable = (
  isGone: boolean,
  failures: number,
  failingForMs: number,
): DisabledReason | undefined => {
  if (isGone) return 'gone'
  return failures >= FAILURES_TO_DISABLE && failingForMs >= FAILING_DAYS * DAY_MS ? 'failing' : undefined
}
