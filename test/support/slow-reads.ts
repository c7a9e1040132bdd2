import type { Sql } from 'postgres'

/** Makes whoever reads products without locking them take his time, and counts how many do so at once. */
export interface SlowReads {
  /** From now on. */
  readonly take: (ms: number) => Promise<void>
  /** The most there were at once since the last call. */
  readonly mostAtOnce: () => Promise<number>
}

/** Puts a view in the place of the table; whoever writes or locks goes through it as if it were not there. */
export const createSlowReads = async (sql: Sql): Promise<SlowReads> => {
  await sql.unsafe(`
    alter table products rename to shelf;
    create sequence reading_ms;
    create sequence most_readers minvalue 0;
    create function take_time() returns boolean language plpgsql volatile as $$
    begin
      if current_query() ~* '^select' and current_query() !~* 'for no key update' then
        perform setval('most_readers', greatest((select last_value from most_readers), 1 + (
          select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep')));
        perform pg_sleep((select last_value from reading_ms) / 1000.0);
      end if;
      return true;
    end $$;
    create view products as select * from shelf where take_time()`)

  return {
    take: async (ms) => {
      await sql`select setval('reading_ms', ${ms})`
    },
    mostAtOnce: async () => {
      const [row] = await sql`select last_value::int as readers from most_readers`
      await sql`select setval('most_readers', 0)`
      return row?.['readers']
    },
  }
}
