import type { Sql } from 'postgres'

/** A digest of what each table holds, by the table's name. */
export type Snapshot = Readonly<Record<string, string>>

const queries = new WeakMap<Sql, Promise<string>>()

const makeQuery = async (sql: Sql): Promise<string> => {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public'`
  return tables
    .map(
      ({ name }) => `select '${name}' as name,
        concat_ws('/', count(*), sum(hashtextextended(row.xmin::text || row::text, 0))) as digest
        from "${name}" as row`,
    )
    .join(' union all ')
}

/**
 * Takes a digest of every table. The number of the transaction that wrote a row is part of it: to write again
 * what is there already counts as writing.
 */
export const takeSnapshot = async (sql: Sql): Promise<Snapshot> => {
  const query = queries.get(sql) ?? makeQuery(sql)
  queries.set(sql, query)
  const rows = await sql.unsafe<{ name: string; digest: string }[]>(await query, [], { prepare: true })
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]))
}

/** The tables that were written to between the two. */
export const changedTables = (before: Snapshot, after: Snapshot): string[] =>
  Object.keys(after).filter((name) => before[name] !== after[name])
