import { sql } from 'drizzle-orm'
import type { Executor } from './client.js'
import { stateOfOpenRow } from './outbox-states.js'

/** The outbox at a moment. */
export interface OutboxCounts {
  readonly rows: readonly {
    readonly queue: string
    readonly state: string
    readonly count: number
    /** Seconds that the first of them has been waiting for a worker; 0 where none does. */
    readonly overdue: number
  }[]
  readonly oldest: readonly { readonly queue: string; readonly seconds: number }[]
}

/** Of one queue, counted no further: a number that high says enough, and the look stays short. */
const COUNTED_ROWS = 100_000

/** How long ago the first open row of each of these queues was written; 0 where none is open. */
export const findOldestOpen = async (
  executor: Executor,
  queues: readonly string[],
): Promise<OutboxCounts['oldest']> => [
  ...(await executor.execute<{ queue: string; seconds: number }>(sql`
    select queue, coalesce(extract(epoch from now() - (
      select created_at from outbox where outbox.queue = wanted.queue and closed_at is null order by id limit 1
    )), 0)::float8 as seconds
    from unnest(${sql.param(queues)}::text[]) as wanted (queue)`)),
]

/** Counts what is open and what is dead, for these queues; `oldest` has 0 for a queue without an open row. */
export const countOutbox = async (executor: Executor, queues: readonly string[]): Promise<OutboxCounts> => {
  const names = sql.param(queues)
  const rows = await executor.execute<Record<keyof OutboxCounts['rows'][number], unknown>>(sql`
    select wanted.queue, state, count(*)::int as count,
      coalesce(extract(epoch from now() - min(since)), 0)::float8 as overdue
    from unnest(${names}::text[]) as wanted (queue) cross join lateral (
      (select ${stateOfOpenRow} as state,
        case when parked_at is not null or claimed_until > now() then null
          when handed_over_at is not null then coalesce(ready_at, handed_over_at)
          when due_at <= now() then due_at end as since
        from outbox where outbox.queue = wanted.queue and closed_at is null order by id limit ${COUNTED_ROWS})
      union all
      (select 'failed', null from outbox
        where outbox.queue = wanted.queue and failure is not null and discarded_at is null
        order by closed_at, id limit ${COUNTED_ROWS})
    ) as counted group by wanted.queue, state`)
  const oldest = await findOldestOpen(executor, queues)
  // The casts above are what makes the columns numbers.
  return { rows: [...rows] as unknown as OutboxCounts['rows'], oldest }
}
