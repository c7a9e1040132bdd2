import { and, eq, inArray, isNotNull, lt, sql } from 'drizzle-orm'
import type { Executor } from './client.js'
import { jobRuns } from './job-runs.table.js'

/** A run's name and the fencing token that it holds. */
export interface RunKey {
  readonly name: string
  readonly token: number
}

export interface Schedule {
  readonly name: string
  readonly everySeconds: number
}

/** Postgres' clock alone counts: those of the pods differ. */
const isRecent = (everySeconds: number) =>
  sql`${jobRuns.startedAt} > now() - make_interval(secs => ${everySeconds})`

/** Whether no run of the job that came to its end began within its interval. */
export const isDue = async (executor: Executor, { name, everySeconds }: Schedule): Promise<boolean> => {
  const recent = await executor
    .select({ token: jobRuns.token })
    .from(jobRuns)
    .where(and(eq(jobRuns.name, name), isNotNull(jobRuns.finishedAt), isRecent(everySeconds)))
    .limit(1)
  return recent.length === 0
}

export const recordStart = async (
  executor: Executor,
  run: RunKey,
  holder: string,
  everySeconds: number,
): Promise<void> => {
  await executor.insert(jobRuns).values({ ...run, holder, everySeconds })
}

const ofRun = ({ name, token }: RunKey) => and(eq(jobRuns.name, name), eq(jobRuns.token, token))

/** Counts a batch in the batch's own transaction. */
export const recordBatch = async (executor: Executor, run: RunKey, rows: number): Promise<void> => {
  await executor
    .update(jobRuns)
    .set({ rows: sql`${jobRuns.rows} + ${rows}` })
    .where(ofRun(run))
}

/** @param failure why it did not do all it should; null if it did */
export const recordEnd = async (executor: Executor, run: RunKey, failure: string | null): Promise<void> => {
  await executor.update(jobRuns).set({ finishedAt: sql`now()`, failure }).where(ofRun(run))
}

/** Writes why the run got no further; it has not come to its end, and the job stays due. */
export const recordSetback = async (executor: Executor, run: RunKey, failure: string): Promise<void> => {
  await executor.update(jobRuns).set({ failure }).where(ofRun(run))
}

/**
 * How many seconds ago each of these jobs last succeeded, or, when it never did, its first run began that is still recorded; one
 * without a run is left out.
 */
export const findSuccessAges = async (
  executor: Executor,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  const rows = await executor.execute<{ name: string; seconds: number | null }>(sql`
    select name, extract(epoch from now() - coalesce(
      (select max(finished_at) from job_runs where job_runs.name = wanted.name
        and finished_at is not null and failure is null),
      (select min(started_at) from job_runs where job_runs.name = wanted.name)
    ))::float8 as seconds from unnest(${sql.param(names)}::text[]) as wanted (name)`)
  return new Map(rows.flatMap(({ name, seconds }) => (seconds === null ? [] : [[name, seconds]])))
}

/** Deletes up to `limit` runs that began more than `days` ago. @returns how many it deleted */
export const pruneRuns = async (executor: Executor, days: number, limit: number): Promise<number> => {
  const old = executor
    .select({ name: jobRuns.name, token: jobRuns.token })
    .from(jobRuns)
    .where(lt(jobRuns.startedAt, sql`now() - make_interval(days => ${days})`))
    .limit(limit)
  const deleted = await executor
    .delete(jobRuns)
    .where(inArray(sql`(${jobRuns.name}, ${jobRuns.token})`, old))
    .returning({ token: jobRuns.token })
  return deleted.length
}
