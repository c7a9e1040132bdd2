import type { Sql } from 'postgres'
import { until } from './until.js'

/** A number that nothing else locks. */
const GATE = 20_261_127

/** Stops those who read products without locking them, after they have seen what there is and before they have it. */
export interface ReadGate {
  /** Lets no reader go on before `work` has ended. */
  readonly whileShut: (work: () => Promise<void>) => Promise<void>
  /** Until so many stand there. */
  readonly untilMet: (readers?: number) => Promise<void>
  /** Rows that were read so far. */
  readonly countReads: () => Promise<number>
}

/** Puts a view in the place of the table; whoever writes or locks goes through it as if it were not there. */
export const createReadGate = async (sql: Sql): Promise<ReadGate> => {
  await sql.unsafe(`
    alter table products rename to shelf;
    create sequence reads;
    create function pass_gate() returns boolean language plpgsql volatile as $$
    begin
      if current_query() ~* '^select' and current_query() !~* 'for no key update' then
        perform nextval('reads');
        perform pg_advisory_xact_lock_shared(${GATE});
      end if;
      return true;
    end $$;
    create view products as select * from shelf where pass_gate()`)

  const countWaiting = async (): Promise<number> => {
    const waiting = await sql`select pid from pg_stat_activity
      where datname = current_database() and wait_event = 'advisory' and query ilike 'select%'`
    return waiting.length
  }

  return {
    whileShut: async (work) => {
      await sql.begin(async (transaction) => {
        await transaction`select pg_advisory_xact_lock(${GATE})`
        await work()
      })
    },
    untilMet: async (readers = 1) => {
      await until(`${readers} at the gate`, async () => (await countWaiting()) >= readers)
    },
    countReads: async () => {
      const [row] = await sql`select case when is_called then last_value else 0 end::int as reads from reads`
      return row?.['reads']
    },
  }
}
