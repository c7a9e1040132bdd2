import type { Sql } from 'postgres'
import type { World } from './app.js'
import { until } from './until.js'

/** A run of a scheduled job, as it is recorded. */
export interface RunRecord {
  readonly token: number
  readonly holder: string
  readonly rows: number
  readonly finished_at: Date | null
  readonly failure: string | null
}

/** The job's runs, newest first. */
export const runsOf = ({ sql }: World['database'], name: string): Promise<readonly RunRecord[]> =>
  sql<RunRecord[]>`select token::int, holder, rows, finished_at, failure from job_runs
    where name = ${name} order by job_runs.token desc`

/** Waits until the job's newest run, above that token, has come to its end. */
export const untilRun = (database: World['database'], name: string, above = 0): Promise<RunRecord> =>
  until(`a run of ${name} to end`, async () => {
    const [newest] = await runsOf(database, name)
    return newest && newest.token > above && newest.finished_at !== null && newest
  })

/** The clock is Postgres': what ran becomes due when its record says that it was long ago. */
export const makeDue = async ({ sql }: World['database'], name: string): Promise<void> => {
  await sql`update job_runs set started_at = started_at - interval '1 hour' where name = ${name}`
}

/**
 * Notes each write to the record of a run: its transaction, its token, and the newest token there is. Only at the
 * commit, for a transaction that began in time may end too late.
 */
export const watchRuns = async ({ sql }: World['database']): Promise<void> => {
  await sql.unsafe(`
    create table run_writes (name text, token bigint, newest bigint, transaction_id xid8);
    create function note_run_write() returns trigger language plpgsql as $$
    begin
      insert into run_writes
      select new.name, new.token, fences.token, pg_current_xact_id() from fences where name = new.name;
      return null;
    end
    $$;
    create constraint trigger note_run_write after insert or update of rows, finished_at on job_runs
      deferrable initially deferred for each row execute function note_run_write();`)
}

export interface WriteCounts {
  /** Transactions that wrote to the record of a run. */
  readonly writes: number
  /** Those that were committed although a later holder had its token. */
  readonly stale: number
  /** Orders that expired in a transaction which is not among them: nobody knows under which token. */
  readonly unaccounted: number
}

/** What has been noted since `watchRuns`. */
export const countWrites = async (sql: Sql): Promise<WriteCounts> => {
  const [counts] = await sql<[WriteCounts]>`select
    (select count(*) from run_writes)::int as writes,
    (select count(*) from run_writes where token <> newest)::int as stale,
    (select count(*) from order_events where to_status = 'expired'
      and xmin not in (select transaction_id::xid from run_writes))::int as unaccounted`
  return counts
}
