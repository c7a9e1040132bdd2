import type { Transaction } from '../database/client.js'

/** Work that comes round again, and that one pod does at a time. */
export interface ScheduledJob {
  /** Stable for ever: its lock, its fencing tokens and its records go by it. */
  readonly name: string
  readonly everySeconds: number
  /** Rows of one transaction at most: it must stay well within the statement's time limit. */
  readonly batchRows: number
  /** Does one batch. @returns how many rows it was; fewer than `limit` when nothing is left */
  readonly runBatch: (transaction: Transaction, limit: number) => Promise<number>
}
