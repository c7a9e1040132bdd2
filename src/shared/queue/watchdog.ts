import type { Logger } from '../telemetry/logger.js'

const LOOK_EVERY_MS = 5_000

/** Something that has to get on while there is work for it: a queue, the relay. */
export interface Watched {
  readonly name: string
  /** When the last piece of its work ended, as `performance.now()` tells it. */
  readonly lastEndAt: () => number
  /** Whether it has work that nobody takes. Rejects when Redis or Postgres cannot say. */
  readonly workWaits: () => Promise<boolean>
  /** Milliseconds without an end, while work waits, after which the process is no use; longer than any piece may take. */
  readonly stuckAfterMs: number
}

export interface WatchdogNeeds {
  /** Each by itself: one that gets on does not answer for one that does not. */
  readonly watched: readonly Watched[]
  readonly onStuck: () => void
  readonly logger: Logger
}

export interface Watchdog {
  readonly stop: () => void
}

const createLook = ({ name, lastEndAt, workWaits, stuckAfterMs }: Watched) => {
  let waitingSince: number | undefined
  return async () => {
    const waits = await workWaits().catch(() => false)
    const now = performance.now()
    if (!waits) waitingSince = undefined
    else waitingSince ??= now
    const idleMs = Math.round(now - Math.max(lastEndAt(), waitingSince ?? now))
    return { name, idleMs, isStuck: idleMs >= stuckAfterMs }
  }
}

/**
 * Notices a process that is alive and does nothing, such as one whose blocking read waits on a connection that is dead:
 * only a new process helps. An outage is no such case, since a new process could do no more.
 */
export const startWatchdog = ({ watched, onStuck, logger }: WatchdogNeeds): Watchdog => {
  const looks = watched.map(createLook)
  let isBarking = false

  const lookAtAll = async (): Promise<void> => {
    const seen = await Promise.all(looks.map((look) => look()))
    const stuck = seen.find(({ isStuck }) => isStuck)
    if (!stuck || isBarking) return
    isBarking = true
    const { name, idleMs } = stuck
    logger.fatal({ alert: 'worker_stuck', stuck: name, idleMs }, 'work waits and none completes')
    onStuck()
  }

  const soonest = Math.min(LOOK_EVERY_MS, ...watched.map(({ stuckAfterMs }) => stuckAfterMs))
  const timer = setInterval(() => void lookAtAll(), soonest)
  return { stop: () => clearInterval(timer) }
}
