import type { WorkerCradle } from '../src/container.js'
import { pruneClosedRows } from '../src/shared/database/outbox.js'
import type { Logger } from '../src/shared/telemetry/logger.js'

const INTERVAL_MS = 10 * 60_000
const KEEP_DONE_DAYS = 7
/** One transaction's share: small enough to be well within the statement's time limit. */
const BATCH_ROWS = 5_000
const PRUNE_OUTBOX = 'outbox.prune'

export interface Housekeeping {
  /** Waits for the round in hand. */
  readonly stop: () => Promise<void>
}

/** Deletes what the outbox has long done with, on whichever worker comes first. */
export const pruneOutbox = async ({ locks }: Pick<WorkerCradle, 'locks'>, logger: Logger): Promise<void> => {
  await locks.runExclusive(PRUNE_OUTBOX, async ({ write }) => {
    let deleted = 0
    let batch: number
    do {
      batch = await write((transaction) => pruneClosedRows(transaction, KEEP_DONE_DAYS, BATCH_ROWS))
      deleted += batch
    } while (batch === BATCH_ROWS)
    logger.info({ task: PRUNE_OUTBOX, deleted }, 'housekeeping done')
  })
}

/** Does the rounds now and every ten minutes; a round that fails is logged and comes again. */
export const startHousekeeping = (cradle: Pick<WorkerCradle, 'locks'>, logger: Logger): Housekeeping => {
  const runOnce = (): Promise<void> =>
    pruneOutbox(cradle, logger).catch((error: unknown) => {
      logger.warn({ task: PRUNE_OUTBOX, err: error }, 'housekeeping failed')
    })
  let current = runOnce()
  const timer = setInterval(() => {
    current = current.then(runOnce)
  }, INTERVAL_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return current
    },
  }
}
