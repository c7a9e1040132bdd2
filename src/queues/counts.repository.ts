import { sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { outbox } from '../shared/database/outbox.table.js'
import { LOOK_THROUGH } from './browse.repository.js'
import { stateOfRow } from './jobs.repository.js'
import { OPEN_STATES, type OpenState } from './queues.states.js'

/** Open rows, and dead letters, of one queue that are counted. */
const MAX_COUNTED = 100_000
const MAX_QUEUES = 100
const WINDOW_SECONDS = 300

export interface OpenCounts {
  readonly queue: string
  readonly counts: Readonly<Record<OpenState | 'failed', number>>
  readonly capped: boolean
  readonly oldestOpenSeconds: number | null
}

/** What came to an end a moment ago, of one queue. */
export interface RecentCounts {
  readonly queue: string
  readonly completed: number
  readonly discarded: number
  readonly doneInOne: number
  readonly doneInFive: number
  readonly failedInOne: number
  readonly failedInFive: number
  /** Seconds that the rows which were looked at reach back, five minutes at most: a busy service fills them sooner. */
  readonly coveredSeconds: number
}

/** One look into an index for each queue there is, whatever the number of rows. */
const distinctQueues = (name: string, condition: string) =>
  sql.raw(`${name} as (
    (select queue from outbox where ${condition} order by queue limit 1)
    union all
    select (select queue from outbox where ${condition} and queue > ${name}.queue order by queue limit 1)
    from ${name} where queue is not null)`)

export const createCountsRepository = (executor: Executor) => ({
  /** Queues that have open jobs or dead letters, or had one done a moment ago; 100 at most. */
  listQueues: async (): Promise<string[]> => {
    const rows = await executor.execute<{ queue: string }>(sql`
      with recursive ${distinctQueues('open', 'closed_at is null')},
        ${distinctQueues('dead', 'failure is not null and discarded_at is null')}
      select queue from (
        select queue from open union select queue from dead union
        select queue from (
          select queue from outbox where closed_at is not null order by closed_at desc limit ${LOOK_THROUGH}
        ) as closed
      ) as queues
      where queue is not null order by queue limit ${MAX_QUEUES}`)
    return rows.map(({ queue }) => queue)
  },

  countOpen: async (queues: readonly string[]): Promise<OpenCounts[]> => {
    const rows = await executor.execute<{
      queue: string
      counts: Record<string, number>
      age: number | null
    }>(sql`
      select wanted.queue,
        (select jsonb_object_agg(state, n) from (
          select state, count(*) as n from (
            select ${stateOfRow} as state from ${outbox}
            where outbox.queue = wanted.queue and closed_at is null limit ${MAX_COUNTED + 1}
          ) as rows group by state
          union all
          select 'failed', count(*) from (
            select from ${outbox}
            where outbox.queue = wanted.queue and failure is not null and discarded_at is null
            limit ${MAX_COUNTED + 1}
          ) as dead
        ) as counted) as counts,
        (select extract(epoch from now() - created_at)::float8 from ${outbox}
          where outbox.queue = wanted.queue and closed_at is null order by id limit 1) as age
      from unnest(${sql.param([...queues])}::text[]) as wanted (queue)`)
    return rows.map(({ queue, counts: counted, age }) => {
      const of = (state: OpenState | 'failed') => counted[state] ?? 0
      const open = OPEN_STATES.reduce((total, state) => total + of(state), 0)
      // Every state is in it: the list is the type's.
      const counts = Object.fromEntries(
        [...OPEN_STATES, 'failed' as const].map((state) => [state, of(state)]),
      )
      return {
        queue,
        counts: counts as OpenCounts['counts'],
        capped: open > MAX_COUNTED || of('failed') > MAX_COUNTED,
        oldestOpenSeconds: age,
      }
    })
  },

  countRecent: async (): Promise<RecentCounts[]> => {
    const rows = await executor.execute<Record<keyof RecentCounts, unknown>>(sql`
      with latest as materialized (
        select queue, failure is null as done, discarded_at is not null as discarded,
          extract(epoch from now() - closed_at)::float8 as age
        from outbox where closed_at is not null order by closed_at desc limit ${LOOK_THROUGH}
      )
      select queue,
        count(*) filter (where done)::int as completed,
        count(*) filter (where discarded)::int as discarded,
        count(*) filter (where done and age < 60)::int as "doneInOne",
        count(*) filter (where done and age < ${WINDOW_SECONDS})::int as "doneInFive",
        count(*) filter (where not done and age < 60)::int as "failedInOne",
        count(*) filter (where not done and age < ${WINDOW_SECONDS})::int as "failedInFive",
        (select case when count(*) < ${LOOK_THROUGH} then ${WINDOW_SECONDS} else least(max(age), ${WINDOW_SECONDS}) end
          from latest)::float8 as "coveredSeconds"
      from latest group by queue`)
    // The casts above are what makes the columns numbers.
    return [...rows] as unknown as RecentCounts[]
  },
})

export type CountsRepository = ReturnType<typeof createCountsRepository>
