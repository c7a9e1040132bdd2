import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Row } from './run.js'

const FILE = fileURLToPath(import.meta.resolve('../../docs/resilience.md'))
const FIGURES = /(<!-- figures -->\n)[\s\S]*(<!-- \/figures -->)/

const COLUMNS = [
  'fault',
  'requests',
  'failures',
  'p99 before, ms',
  'during',
  'after',
  'recovered after, ms',
  'lost',
  'doubled',
  'promise',
]

const toLine = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |\n`

const lineOf = ({ title, requests, failures, p99, recoveryMs, lost, doubled, kept }: Row): string =>
  toLine([
    ...[title, requests, failures, p99.before, p99.during, p99.after],
    ...[recoveryMs, lost, doubled, kept ? 'kept' : '**broken**'],
  ])

/** The results as a table in Markdown. */
export const tableOf = (rows: readonly Row[]): string =>
  `${toLine(COLUMNS)}|${'---|'.repeat(COLUMNS.length)}\n${rows.map(lineOf).join('')}`

/** Puts the results into docs/resilience.md. @throws Error when the page has no place for them */
export const writePage = (rows: readonly Row[], seconds: number): void => {
  const page = readFileSync(FILE, 'utf8')
  if (!FIGURES.test(page)) throw new Error('docs/resilience.md has no place for the figures')
  const when = new Date().toISOString().slice(0, 10)
  const said = `${when}, Node ${process.version}, ${cpus().length} processors for all of it, faults of ${seconds} s:`
  writeFileSync(FILE, page.replace(FIGURES, `$1${said}\n\n${tableOf(rows)}$2`))
}
