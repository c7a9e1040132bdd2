import type { WorkerCradle } from '../src/container.js'
import { pruneAuditLog } from '../src/shared/database/audit.js'
import type { Transaction } from '../src/shared/database/client.js'
import { pruneClosedRows } from '../src/shared/database/outbox.js'
import type { Logger } from '../src/shared/telemetry/logger.js'

const INTERVAL_MS = 10 * 60_000
const KEEP_DONE_DAYS = 7
const KEEP_AUDIT_DAYS = 365
/** One transaction's share: small enough to be well within the statement's time limit. */
const BATCH_ROWS = 5_000

/** Something to clear away, by whichever worker comes first. */
interface Chore {
  readonly name: string
  /** Clears away one batch. @returns how many rows it was */
  readonly clear: (transaction: Transaction, limit: number) => Promise<number>
}

type Needs = Pick<WorkerCradle, 'locks' | 'sessionsService' | 'oneTimeTokens'>

export interface Housekeeping {
  /** Waits for the round in hand. */
  readonly stop: () => Promise<void>
}

const choresOf = ({ sessionsService, oneTimeTokens }: Needs): readonly Chore[] => [
  {
    name: 'outbox.prune',
    clear: (transaction, limit) => pruneClosedRows(transaction, KEEP_DONE_DAYS, limit),
  },
  { name: 'audit.prune', clear: (transaction, limit) => pruneAuditLog(transaction, KEEP_AUDIT_DAYS, limit) },
  { name: 'sessions.prune', clear: sessionsService.pruneSessions },
  { name: 'one-time-tokens.prune', clear: oneTimeTokens.pruneExpired },
]

const doChore = async ({ locks }: Needs, { name, clear }: Chore, logger: Logger): Promise<void> => {
  await locks.runExclusive(name, async ({ write }) => {
    let deleted = 0
    let batch: number
    do {
      batch = await write((transaction) => clear(transaction, BATCH_ROWS))
      deleted += batch
    } while (batch === BATCH_ROWS)
    logger.info({ task: name, deleted }, 'housekeeping done')
  })
}

/** One round of all chores; one that fails is logged and comes again, and the others are done all the same. */
export const keepHouse = async (needs: Needs, logger: Logger): Promise<void> => {
  for (const chore of choresOf(needs)) {
    await doChore(needs, chore, logger).catch((error: unknown) => {
      logger.warn({ task: chore.name, err: error }, 'housekeeping failed')
    })
  }
}

/** Does the rounds now and every ten minutes. */
export const startHousekeeping = (needs: Needs, logger: Logger): Housekeeping => {
  let current = keepHouse(needs, logger)
  const timer = setInterval(() => {
    current = current.then(() => keepHouse(needs, logger))
  }, INTERVAL_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return current
    },
  }
}
