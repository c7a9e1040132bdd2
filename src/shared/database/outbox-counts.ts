import { sql } from 'drizzle-orm'
import type { Executor } from './client.js'

/** The outbox at a moment. */
export interface OutboxCounts {
  readonly rows: readonly { readonly queue: string; readonly state: string; readonly count: number }[]
  readonly oldest: readonly { readonly queue: string; readonly seconds: number }[]
}

/** Counted no further: a number that high says enough, and the look stays short. */
const COUNTED_ROWS = 100_000

/** Counts what is open and what is dead, for these queues; `oldest` has 0 for a queue without an open row. */
export const countOutbox = async (executor: Executor, queues: readonly string[]): Promise<OutboxCounts> => {
  const names = sql.param(queues)
  const rows = await executor.execute<{ queue: string; state: string; count: number }>(sql`
    select queue, state, count(*)::int as count from (
      (select queue, case
          when parked_at is not null then 'parked'
          when claimed_until > now() then 'active'
          when handed_over_at is not null then 'queued'
          when due_at > now() then 'delayed'
          else 'waiting' end as state
        from outbox where closed_at is null order by due_at limit ${COUNTED_ROWS})
      union all
      (select queue, 'failed' from outbox where failure is not null and discarded_at is null
        order by queue limit ${COUNTED_ROWS})
    ) as counted group by queue, state`)
  const oldest = await executor.execute<{ queue: string; seconds: number }>(sql`
    select queue, coalesce(extract(epoch from now() - (
      select created_at from outbox where outbox.queue = wanted.queue and closed_at is null order by id limit 1
    )), 0)::float8 as seconds
    from unnest(${names}::text[]) as wanted (queue)`)
  return { rows: [...rows], oldest: [...oldest] }
}
