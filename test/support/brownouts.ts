import { readFileSync } from 'node:fs'

const FILE = new URL('../../docs/operations.md', import.meta.url)

/** What is away, as the columns of the table in docs/operations.md name it. */
export const FAULTS = [
  'Redis gone',
  'Redis silent',
  'Postgres gone',
  'Postgres silent',
  'bucket gone',
  'bucket silent',
] as const
export type Fault = (typeof FAULTS)[number]

/** A row of that table: the status of an answer under each fault. */
export interface BrownoutRow {
  readonly request: string
  readonly statuses: Readonly<Record<Fault, number>>
}

const HEADER = `| request | ${FAULTS.join(' | ')} |`
const ROW = /^\| ([^|]+) \| (\d{3}) \| (\d{3}) \| (\d{3}) \| (\d{3}) \| (\d{3}) \| (\d{3}) \|$/

const toRow = (line: string): BrownoutRow => {
  const [, request, ...cells] = ROW.exec(line) ?? []
  if (request === undefined) throw new Error(`docs/operations.md: this is no row of the table: ${line}`)
  const statuses = Object.fromEntries(FAULTS.map((fault, column) => [fault, Number(cells[column])]))
  // The names are all of FAULTS.
  return { request, statuses: statuses as BrownoutRow['statuses'] }
}

/** Reads the table. @throws Error that quotes a line which cannot be read, so that none is left out */
export const readBrownouts = (text = readFileSync(FILE, 'utf8')): readonly BrownoutRow[] => {
  const after = text.slice(text.indexOf(HEADER))
  const [header, rule, ...rows] = after.slice(0, after.indexOf('\n\n')).split('\n')
  if (header !== HEADER || !/^\|(---\|)+$/.test(rule ?? ''))
    throw new Error(`docs/operations.md: the table must begin with ${HEADER}`)
  return rows.map(toRow)
}
