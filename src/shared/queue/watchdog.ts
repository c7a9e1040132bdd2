import type { Logger } from '../telemetry/logger.js'

const LOOK_EVERY_MS = 5_000

export interface WatchdogNeeds {
  /** When the last delivery ended, as `performance.now()` tells it. */
  readonly lastEndAt: () => number
  /** Whether a queue of this worker has work that nobody takes. Rejects when Redis or Postgres cannot say. */
  readonly workWaits: () => Promise<boolean>
  /** Milliseconds without an end, while work waits, after which the process is no use; longer than any try. */
  readonly stuckAfterMs: number
  readonly onStuck: () => void
  readonly logger: Logger
}

export interface Watchdog {
  readonly stop: () => void
}

/**
 * Notices a process that is alive and does nothing, such as one whose blocking read waits on a connection that is dead:
 * only a new process helps. An outage is no such case, since a new process could do no more.
 */
export const startWatchdog = (needs: WatchdogNeeds): Watchdog => {
  const { lastEndAt, workWaits, stuckAfterMs, onStuck, logger } = needs
  let waitingSince: number | undefined

  const look = async (): Promise<void> => {
    const waits = await workWaits().catch(() => false)
    const now = performance.now()
    if (!waits) waitingSince = undefined
    else waitingSince ??= now
    const idleMs = now - Math.max(lastEndAt(), waitingSince ?? now)
    if (idleMs < stuckAfterMs) return
    logger.fatal({ alert: 'worker_stuck', idleMs: Math.round(idleMs) }, 'work waits and none completes')
    onStuck()
  }

  const timer = setInterval(() => void look(), Math.min(LOOK_EVERY_MS, stuckAfterMs))
  return { stop: () => clearInterval(timer) }
}
