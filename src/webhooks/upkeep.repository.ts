import { and, asc, inArray, isNull, lt, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { firstIdAt } from '../shared/database/ids.js'
import { liveJob } from '../shared/database/outbox.js'
import { webhookDeliveries, webhookMessages } from './deliveries.table.js'
import { DELIVERY_JOB } from './webhooks.job-key.js'

/** Hours after its time in which a job may well be on its way yet. */
const OVERDUE_HOURS = 1

const jobKey = sql<string>`concat_ws('-', ${DELIVERY_JOB}::text, ${webhookDeliveries.id}, ${webhookDeliveries.round})`

const isOverdue = and(
  isNull(webhookDeliveries.endedAt),
  lt(webhookDeliveries.nextAttemptAt, sql`now() - make_interval(hours => ${OVERDUE_HOURS})`),
)

/** What time does to deliveries, whoever's they are. */
export const createUpkeepRepository = (executor: Executor) => ({
  /**
   * Ends up to `limit` deliveries whose time is long over and that no job will send: an operator has put it away. What has
   * a job costs one look into an index; few are overdue as long as workers are there.
   * @returns how many it ended
   */
  endUnsent: async (limit: number): Promise<number> => {
    const unsent = executor
      .select({ id: webhookDeliveries.id })
      .from(webhookDeliveries)
      .where(and(isOverdue, sql`${liveJob(executor, DELIVERY_JOB, jobKey)} is null`))
      .orderBy(asc(webhookDeliveries.nextAttemptAt))
      .limit(limit)
      .for('update', { skipLocked: true })
    const ended = await executor
      .update(webhookDeliveries)
      .set({ status: 'failed', failure: 'not_sent', nextAttemptAt: null, endedAt: sql`now()` })
      .where(inArray(webhookDeliveries.id, unsent))
      .returning({ id: webhookDeliveries.id })
    return ended.length
  },

  /** Deletes up to `limit` messages from before `before`, with all that became of them. @returns how many it deleted */
  deleteMessagesBefore: async (before: Date, limit: number): Promise<number> => {
    const old = executor
      .select({ id: webhookMessages.id })
      .from(webhookMessages)
      // Ids tell when they were made.
      .where(lt(webhookMessages.id, firstIdAt(before)))
      .limit(limit)
    const deleted = await executor
      .delete(webhookMessages)
      .where(inArray(webhookMessages.id, old))
      .returning({ id: webhookMessages.id })
    return deleted.length
  },
})

export type UpkeepRepository = ReturnType<typeof createUpkeepRepository>
