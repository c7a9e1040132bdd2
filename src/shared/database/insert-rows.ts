import { getTableColumns, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Executor } from './client.js'
import { defineCommand, type Places } from './statement.js'

interface InsertOptions<T extends PgTable> {
  /** Columns that Postgres fills in itself, by an expression. */
  readonly computed?: Partial<Record<keyof T['$inferInsert'] & string, SQL>>
  /** Passes over what is there already. */
  readonly unlessThere?: true
}

/** An insert of rows that come as JSON: its text, and how the rows are told to it. */
export interface RowsInsert<Row> {
  /** @param rows the place of what `toText` makes @param condition what must hold, where it is part of a larger statement */
  readonly statement: (rows: SQLWrapper, condition?: SQL) => SQL
  readonly toText: (rows: readonly Row[]) => string
}

/**
 * Describes the insert of any number of rows as one statement of one text: they come as JSON, which Postgres reads as rows of
 * the table. Only for types that JSON can tell; times, for instance, as texts.
 */
export const describeInsert = <T extends PgTable, Key extends keyof T['$inferInsert'] & string>(
  table: T,
  keys: readonly Key[],
  { computed = {}, unlessThere }: InsertOptions<T> = {},
): RowsInsert<Pick<T['$inferInsert'], Key>> => {
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
  const rename = keys.map((key) => [key, nameOf(key)] as const)
  return {
    statement: (rows, condition) => sql`
      insert into ${table} (${sql.join(targets, sql`, `)})
      select ${sql.join(sources, sql`, `)} from json_populate_recordset(null::${table}, ${rows}::json)
      ${condition ? sql`where ${condition}` : sql``} ${unlessThere ? sql`on conflict do nothing` : sql``}`,
    toText: (rows) =>
      JSON.stringify(rows.map((row) => Object.fromEntries(rename.map(([key, name]) => [name, row[key]])))),
  }
}

/** Defines such an insert as a statement of its own. */
export const defineInsert = <T extends PgTable, Key extends keyof T['$inferInsert'] & string>(
  table: T,
  keys: readonly Key[],
  options?: InsertOptions<T>,
): ((executor: Executor, rows: readonly Pick<T['$inferInsert'], Key>[]) => Promise<void>) => {
  const { statement, toText } = describeInsert(table, keys, options)
  const insert = defineCommand((place: Places<{ rows: string }>) => statement(place('rows')))
  return (executor, rows) => insert(executor, { rows: toText(rows) })
}
