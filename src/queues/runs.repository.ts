import { sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import type { ScheduledRuns } from './queues.schemas.js'

const MAX_JOBS = 100
const RUNS_OF_EACH = 10

interface RunRow {
  readonly name: string
  readonly holder: string
  readonly outcome: ScheduledRuns['runs'][number]['outcome']
  readonly startedAt: number
  readonly finishedAt: number | null
  readonly rows: number
  readonly failure: string | null
  readonly everySeconds: number | null
  readonly nextDueAt: number | null
}

const toInstant = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : new Date(milliseconds).toISOString()

const toRun = ({ holder, outcome, startedAt, finishedAt, rows, failure }: RunRow) => ({
  holder,
  outcome,
  startedAt: new Date(startedAt).toISOString(),
  finishedAt: toInstant(finishedAt),
  durationMs: finishedAt === null ? null : Math.round(finishedAt - startedAt),
  rows,
  failure,
})

const toJob = (rows: readonly RunRow[]): ScheduledRuns[] => {
  const [latest] = rows
  if (!latest) return []
  const { name, everySeconds, nextDueAt } = latest
  return [{ name, everySeconds, nextDueAt: toInstant(nextDueAt), runs: rows.map(toRun) }]
}

/**
 * The names by one look into an index each; of each its last runs. A run without an end is one that goes on, or, when it
 * has a successor, one whose process died. It is due when no run that came to an end began within its interval.
 */
const lastRuns = sql`
  with recursive names as (
    (select name from job_runs order by name limit 1)
    union all
    select (select name from job_runs where name > names.name order by name limit 1)
    from names where name is not null
  )
  select names.name, run.holder, run.outcome, run.rows, run.failure, run."startedAt", run."finishedAt",
    run."everySeconds", finished.due as "nextDueAt"
  from (select name from names where name is not null limit ${MAX_JOBS}) as names
  cross join lateral (
    select token, holder, rows, failure, every_seconds as "everySeconds",
      extract(epoch from started_at)::float8 * 1000 as "startedAt",
      extract(epoch from finished_at)::float8 * 1000 as "finishedAt",
      case when failure is not null then 'failed' when finished_at is not null then 'done'
        when row_number() over (order by started_at desc, token desc) > 1 then 'abandoned' else 'running' end as outcome
    from (
      select * from job_runs where job_runs.name = names.name
      order by started_at desc, token desc limit ${RUNS_OF_EACH}
    ) as latest
  ) as run
  left join lateral (
    select extract(epoch from started_at)::float8 * 1000 + every_seconds * 1000.0::float8 as due
    from job_runs where job_runs.name = names.name and finished_at is not null
    order by started_at desc limit 1
  ) as finished on true
  order by names.name, run."startedAt" desc, run.token desc`

export const createRunsRepository = (executor: Executor) => ({
  /** Each scheduled job that has run within the last weeks, with its last runs, the latest first. */
  listLastRuns: async (): Promise<ScheduledRuns[]> => {
    // The casts in the query are what makes the columns numbers.
    const rows = (await executor.execute(lastRuns)) as unknown as readonly RunRow[]
    const names = [...new Set(rows.map(({ name }) => name))]
    return names.flatMap((name) => toJob(rows.filter((row) => row.name === name)))
  },
})

export type RunsRepository = ReturnType<typeof createRunsRepository>
