/**
 * Who is refused first when there is too much: `low`, what is cheap to ask again; then `normal`; never `high`, which
 * has a bound of its own, or is what one needs just then.
 */
export type Priority = 'low' | 'normal' | 'high'

export const LOOK_EVERY_MS = 100

/** Up by a step and down by a share (AIMD): so several that share a resource find to equal parts of it. */
const UP = 4
const DOWN = 0.8
const TIMES_THE_LIMIT: Readonly<Record<Priority, number>> = {
  low: 1,
  normal: 3,
  high: Number.POSITIVE_INFINITY,
}

export interface SheddingLimits {
  /** Milliseconds that somebody may wait; longer, and fewer are let in. */
  readonly targetMs: number
  /** So many are let in however long they wait: something can be slow without any load, and refusals do not make it faster. */
  readonly least: number
  readonly most: number
}

export interface Shedding {
  /** One look at how long is waited, in milliseconds; to be given every `LOOK_EVERY_MS`. */
  readonly look: (waitedMs: number) => void
  readonly isFull: (priority: Priority) => boolean
  /** Takes a place, which `leave` gives back. */
  readonly enter: () => void
  readonly leave: () => void
}

/** Lets in as many at once as can be served in time, found by trying. */
export const createShedding = ({ targetMs, least, most }: SheddingLimits): Shedding => {
  let limit = most
  let inside = 0
  return {
    look: (waitedMs) => {
      const isLate = waitedMs > targetMs
      limit = isLate ? Math.max(least, Math.min(limit, inside) * DOWN) : Math.min(most, limit + UP)
    },
    isFull: (priority) => inside >= limit * TIMES_THE_LIMIT[priority],
    enter: () => {
      inside += 1
    },
    leave: () => {
      inside -= 1
    },
  }
}
