import { readFileSync } from 'node:fs'
import type { Route } from './routes.js'

export const CALLERS = ['anonymous', 'user', 'other user', 'admin'] as const
export type Caller = (typeof CALLERS)[number]

/** A row of docs/access.md: the status that each caller is to get. */
export interface Row {
  /** Method and path template, e.g. `GET /v1/orders/:id`. */
  readonly name: string
  readonly statuses: Readonly<Record<Caller, number>>
}

const FILE = new URL('../../docs/access.md', import.meta.url)
const HEADER = `| route | ${CALLERS.join(' | ')} |`
const ROW = /^\| `([A-Z]+ \/\S*)` \| (\d{3}) \| (\d{3}) \| (\d{3}) \| (\d{3}) \|$/
/** What says nothing of who may call, such as 400 or 409, would hide it. 426 is told behind the check, to whoever is let in. */
const TELLING = [200, 201, 202, 204, 302, 303, 401, 403, 404, 426]

const toRow = (line: string): Row => {
  const [, name, ...cells] = ROW.exec(line) ?? []
  const [anonymous, user, other, admin] = cells.map(Number)
  const statuses = { anonymous, user, 'other user': other, admin }
  if (name === undefined || !cells.every((cell) => TELLING.includes(Number(cell))))
    throw new Error(`docs/access.md: this is no row of the matrix: ${line}`)
  // All four are numbers, or the expression would not have matched.
  return { name, statuses: statuses as Row['statuses'] }
}

/** Reads the matrix. @throws Error that quotes a line which cannot be read, so that none is left out */
export const readMatrix = (text = readFileSync(FILE, 'utf8')): readonly Row[] => {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  const [header, rule, ...rows] = lines
  if (header !== HEADER || !/^\|(---\|)+$/.test(rule ?? ''))
    throw new Error(`docs/access.md: the table must begin with ${HEADER}`)
  return rows.map(toRow)
}

/** The row that a route belongs to: a HEAD is told with its GET. */
export const rowNameOf = ({ method, path }: Route): string => `${method === 'HEAD' ? 'GET' : method} ${path}`

const missing = (names: Iterable<string>, known: ReadonlySet<string>): string[] =>
  [...new Set(names)].filter((name) => !known.has(name))

/** What keeps the matrix from telling of the whole app, and the test from testing the whole matrix. */
export const gapsOf = (
  routes: readonly Route[],
  rows: readonly Row[],
  requests: Readonly<Record<string, unknown>>,
): string[] => {
  const named = rows.map(({ name }) => name)
  const existing = new Set(routes.map(rowNameOf))
  const twice = named.filter((name, index) => named.indexOf(name) !== index)
  return [
    ...missing(existing, new Set(named)).map((name) => `${name} has no row in docs/access.md`),
    ...missing(named, existing).map((name) => `${name} has a row in docs/access.md, but is no route`),
    ...missing(named, new Set(Object.keys(requests))).map(
      (name) => `${name} has no request in test/support/access-requests.ts`,
    ),
    ...missing(Object.keys(requests), new Set(named)).map(
      (name) => `${name} has a request in test/support/access-requests.ts, but no row`,
    ),
    ...twice.map((name) => `${name} has two rows in docs/access.md`),
  ]
}
