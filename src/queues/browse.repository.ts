import { and, asc, desc, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { outbox } from '../shared/database/outbox.table.js'
import {
  isDeadLetter,
  type JobSummary,
  LATEST_FAILURE_FIRST,
  stateOfRow,
  summaryColumns,
  withInstants,
} from './jobs.repository.js'
import type { OpenState } from './queues.states.js'

/** Rows that a list by state looks through at most: a state has no index of its own. */
export const LOOK_THROUGH = 10_000

/** Pages of the dashboard: by number, as its buttons are. */
export const createBrowseRepository = (executor: Executor) => {
  const some = () => executor.select(summaryColumns).from(outbox)

  return {
    /** The latest failures first. */
    browseFailed: async (queue: string, offset: number, limit: number): Promise<JobSummary[]> => {
      const found = some().where(isDeadLetter(queue, {}))
      const rows = await found
        .orderBy(...LATEST_FAILURE_FIRST)
        .offset(offset)
        .limit(limit)
      return rows.map(withInstants)
    },

    /** The same of open rows, the oldest first. */
    browseOpen: async (
      queue: string,
      states: readonly OpenState[],
      offset: number,
      limit: number,
    ): Promise<JobSummary[]> => {
      const oldest = executor
        .select({ id: outbox.id, state: sql`${stateOfRow}`.as('state') })
        .from(outbox)
        .where(and(eq(outbox.queue, queue), isNull(outbox.closedAt)))
        .orderBy(asc(outbox.id))
        .limit(LOOK_THROUGH)
        .as('oldest')
      const ids = executor
        .select({ id: oldest.id })
        .from(oldest)
        .where(inArray(sql`state`, [...states]))
        .orderBy(asc(oldest.id))
        .offset(offset)
        .limit(limit)
      const rows = await some().where(inArray(outbox.id, ids)).orderBy(asc(outbox.id))
      return rows.map(withInstants)
    },

    /** The same of rows that are done, the latest first. */
    browseCompleted: async (queue: string, offset: number, limit: number): Promise<JobSummary[]> => {
      const latest = executor
        .select({ id: outbox.id, queue: outbox.queue, failure: outbox.failure, closedAt: outbox.closedAt })
        .from(outbox)
        .where(isNotNull(outbox.closedAt))
        .orderBy(desc(outbox.closedAt))
        .limit(LOOK_THROUGH)
        .as('latest')
      const ids = executor
        .select({ id: latest.id })
        .from(latest)
        .where(and(eq(latest.queue, queue), isNull(latest.failure)))
        .orderBy(desc(latest.closedAt))
        .offset(offset)
        .limit(limit)
      const rows = await some().where(inArray(outbox.id, ids)).orderBy(desc(outbox.closedAt))
      return rows.map(withInstants)
    },
  }
}

export type BrowseRepository = ReturnType<typeof createBrowseRepository>
