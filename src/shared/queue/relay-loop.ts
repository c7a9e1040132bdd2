import { isTransientFailure } from '../database/failures.js'
import type { Logger } from '../telemetry/logger.js'
import type { Relay } from './relay.js'

/** How often the outbox is looked at without being woken; also the pause after a failure. */
const POLL_MS = 1_000

export interface RelayLoop {
  /** Looks at the outbox now rather than at the next poll. */
  readonly wake: () => void
  /** When the last batch ended, well or not, as `performance.now()` tells it. */
  readonly lastEndAt: () => number
  /** Ends after the batch in hand. */
  readonly stop: () => Promise<void>
}

/** Runs the relay until it is stopped: at once while there is work, else woken or once a second. */
export const startRelayLoop = (relay: Pick<Relay, 'handOver'>, logger: Logger): RelayLoop => {
  let stopped = false
  let woken = false
  let failing = false
  let lastEnd = performance.now()
  let endPause = () => {}

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_MS)
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const turn = async (): Promise<boolean> => {
    try {
      const count = await relay.handOver()
      if (failing) logger.info('outbox relay works again')
      failing = false
      return count > 0
    } catch (error) {
      if (!failing) logger.warn({ err: error, transient: isTransientFailure(error) }, 'outbox relay waits')
      failing = true
      // What woke us is still due, and the pause below is what keeps an outage from becoming a busy loop.
      woken = false
      return false
    }
  }

  const run = async (): Promise<void> => {
    while (!stopped) {
      woken = false
      const busy = await turn()
      lastEnd = performance.now()
      if (!busy && !woken && !stopped) await pause()
    }
  }

  const wake = (): void => {
    woken = true
    if (!failing) endPause()
  }

  const running = run()
  return {
    wake,
    lastEndAt: () => lastEnd,
    stop: () => {
      stopped = true
      endPause()
      return running
    },
  }
}
