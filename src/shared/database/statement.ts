import { Column, is, type Placeholder, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { type PgColumn, PgDialect, type PreparedQueryConfig } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/postgres-js'
import type { Executor } from './client.js'

/*
 * Statements whose text is made once, when their module is loaded, and which each connection prepares once. Made anew for
 * each request, the text alone takes a third of a request's processor time, and Postgres is asked twice: what the
 * parameters are, and then for the rows. For what is asked often; what depends on the filters that are given stays ad hoc.
 */

/** Makes queries and runs none: it has no connection. */
export const queries = drizzle.mock()

/** Makes the places of the values that each run brings. Where no column says how, a value goes to the driver as it is. */
export interface Places<Values> {
  (name: keyof Values & string): Placeholder
  /** Never there; it makes `Values` known to the compiler. */
  readonly values?: Values
}

type Run<Values, Result> = (executor: Executor, values: Values) => Promise<Result>

/** What a query selects, in its order; the value of an expression is taken as the driver gives it. */
type Selection = Readonly<Record<string, PgColumn | SQL>>

interface Prepared<Result> extends PreparedQueryConfig {
  readonly execute: Result
}

const dialect = new PgDialect()
const textOf = (query: SQLWrapper) => dialect.sqlToQuery(query.getSQL())
const place = (name: string): Placeholder => sql.placeholder(name)

/** Only says that the connection is to prepare the text; the driver numbers the names itself. */
const NAMED = 'statement'

/** As drizzle's own, which finds out anew for each value of each row what it is a column of. */
const readRow = (selection: Selection) => {
  const readers = Object.entries(selection).map(([key, column]) => ({
    key,
    read: is(column, Column) ? column.mapFromDriverValue.bind(column) : (value: unknown) => value,
  }))
  return (values: readonly unknown[]): Record<string, unknown> => {
    const row: Record<string, unknown> = {}
    let at = 0
    for (const { key, read } of readers) {
      const value = values[at]
      row[key] = value === null ? null : read(value)
      at += 1
    }
    return row
  }
}

/** Defines a query; `selection` is what it selects or returns. */
export const defineQuery = <Values extends Record<string, unknown>, Row>(
  selection: Selection,
  build: (place: Places<Values>) => SQLWrapper & PromiseLike<Row[]>,
): Run<Values, Row[]> => {
  const text = textOf(build(place))
  const read = readRow(selection)
  // The builder has inferred the row from the same selection.
  const toRows = (rows: unknown[][]) => rows.map(read) as Row[]
  return (executor, values) =>
    executor._.session.prepareQuery<Prepared<Row[]>>(text, undefined, NAMED, true, toRows).execute(values)
}

/** Defines a statement that returns nothing. */
export const defineCommand = <Values extends Record<string, unknown>>(
  build: (place: Places<Values>) => SQLWrapper,
): Run<Values, void> => {
  const text = textOf(build(place))
  return async (executor, values) => {
    await executor._.session.prepareQuery(text, undefined, NAMED, false).execute(values)
  }
}
