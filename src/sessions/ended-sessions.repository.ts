import { desc, gt, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { sessions } from './sessions.table.js'
import type { EndedSessions } from './sessions.watch.js'

/** @param rows one without a session where none was found */
const toEnded = (
  rows: readonly { readonly asOf: number; readonly id: string | null; readonly age: number | null }[],
): EndedSessions => ({
  asOf: rows[0]?.asOf ?? 0,
  sessions: rows.flatMap(({ id, age }) => (id === null || age === null ? [] : [{ id, age }])),
})

/** What the session watch reads. */
export const createEndedSessionsRepository = (executor: Executor) => ({
  /**
   * What has ended within the last `seconds`, or since `since` (seconds since 1970) if that is earlier; at most `limit`, the
   * latest first.
   */
  findEnded: async (seconds: number, since: number | undefined, limit: number): Promise<EndedSessions> => {
    // Of the two the earlier; the one that is null does not count.
    const bound = sql`least(now() - make_interval(secs => ${seconds}), to_timestamp(${since ?? null}::float8))`
    const found = executor
      .select({
        id: sessions.id,
        age: sql<number>`extract(epoch from now() - ${sessions.endedAt})::float8`.as('age'),
      })
      .from(sessions)
      .where(gt(sessions.endedAt, bound))
      .orderBy(desc(sessions.endedAt))
      .limit(limit)
      .as('found')
    const rows = await executor
      .select({ asOf: sql<number>`extract(epoch from now())::float8`, id: found.id, age: found.age })
      // The time is told also where nothing was found.
      .from(sql`(select) as look`)
      .leftJoin(found, sql`true`)
    return toEnded(rows)
  },
})
