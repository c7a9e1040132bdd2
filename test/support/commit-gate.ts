import type { Sql } from 'postgres'
import { until } from './until.js'

/** A number that nothing else locks. */
const GATE = 20_250_712

/** Stops transactions that have written to a table inside their commit, when all but the commit itself is done. */
export interface CommitGate {
  /** Lets no commit through before `work` has ended. */
  readonly whileShut: (work: () => Promise<void>) => Promise<void>
  /** Until one more commit waits at the gate. */
  readonly untilMet: () => Promise<void>
  /** Until nobody waits there any more. */
  readonly untilLeft: () => Promise<void>
}

/** Has Postgres notice within milliseconds that whoever waits for a commit is gone; it would look only afterwards. */
const noticeLostClients = (sql: Sql) => sql`
  do $$ begin
    execute format('alter database %I set client_connection_check_interval = 20', current_database());
  end $$`

export const createCommitGate = async (sql: Sql, table: string): Promise<CommitGate> => {
  await noticeLostClients(sql)
  await sql.unsafe(`
    create function wait_at_gate() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(${GATE});
      return null;
    end $$;
    create constraint trigger gate after insert on ${table} deferrable initially deferred
      for each row execute function wait_at_gate()`)

  /** The commit is a statement of its own, or belongs to one that is a transaction by itself. */
  const isMet = async (): Promise<boolean> => {
    const waiting = await sql`select pid from pg_stat_activity
      where datname = current_database() and wait_event = 'advisory' and query ~* '^(commit|with) ?'`
    return waiting.length > 0
  }

  return {
    whileShut: async (work) => {
      await sql.begin(async (transaction) => {
        await transaction`select pg_advisory_xact_lock(${GATE})`
        await work()
      })
    },
    untilMet: async () => {
      await until('a commit at the gate', isMet)
    },
    untilLeft: async () => {
      await until('nobody at the gate', async () => !(await isMet()))
    },
  }
}
