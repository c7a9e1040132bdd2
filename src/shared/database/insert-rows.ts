import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Executor } from './client.js'
import { defineCommand, type Places } from './statement.js'

interface InsertOptions<T extends PgTable> {
  /** Columns that Postgres fills in itself, by an expression. */
  readonly computed?: Partial<Record<keyof T['$inferInsert'] & string, SQL>>
  /** Passes over what is there already. */
  readonly unlessThere?: true
}

/**
 * Defines the insert of any number of rows as one statement of one text: they come as JSON, which Postgres reads as rows of
 * the table. Only for types that JSON can tell; times, for instance, as texts.
 */
export const defineInsert = <T extends PgTable, Key extends keyof T['$inferInsert'] & string>(
  table: T,
  keys: readonly Key[],
  { computed = {}, unlessThere }: InsertOptions<T> = {},
): ((executor: Executor, rows: readonly Pick<T['$inferInsert'], Key>[]) => Promise<void>) => {
  const names = new Map(Object.entries(getTableColumns(table)).map(([key, { name }]) => [key, name]))
  const nameOf = (key: string): string => {
    const name = names.get(key)
    if (name === undefined) throw new Error(`there is no column ${key}`)
    return name
  }
  const column = (key: string): SQL => sql`${sql.identifier(nameOf(key))}`
  const expressions = Object.entries<SQL | undefined>(computed).flatMap(([key, value]) =>
    value ? [{ key, value }] : [],
  )
  const targets = [...keys, ...expressions.map(({ key }) => key)].map(column)
  const sources = [...keys.map(column), ...expressions.map(({ value }) => value)]
  const insert = defineCommand(
    (place: Places<{ rows: string }>) => sql`
      insert into ${table} (${sql.join(targets, sql`, `)})
      select ${sql.join(sources, sql`, `)} from json_populate_recordset(null::${table}, ${place('rows')}::json)
      ${unlessThere ? sql`on conflict do nothing` : sql``}`,
  )
  const rename = keys.map((key) => [key, nameOf(key)] as const)
  return (executor, rows) =>
    insert(executor, {
      rows: JSON.stringify(
        rows.map((row) => Object.fromEntries(rename.map(([key, name]) => [name, row[key]]))),
      ),
    })
}
