import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Results, type Row, results } from './results.js'

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url))
const pageIn = (docs: string): string => join(docs, 'resilience.md')
const keptIn = (docs: string): string => join(docs, 'resilience.json')
const FIGURES = /(<!-- figures -->\n)([\s\S]*)(<!-- \/figures -->)/

const COLUMNS: readonly (readonly [string, (row: Row) => string | number])[] = [
  ['fault', ({ title }) => title],
  ['requests', ({ requests }) => requests],
  ['failures', ({ failures }) => failures],
  ['p99 before, ms', ({ p99 }) => p99.before],
  ['during', ({ p99 }) => p99.during],
  ['after', ({ p99 }) => p99.after],
  ['slowest', ({ slowestMs }) => slowestMs],
  ['recovered after, ms', ({ recoveryMs }) => recoveryMs],
  ['orders lost', ({ lost }) => lost],
  ['doubled', ({ doubled }) => doubled],
  ['mails missing', ({ mailsMissing }) => mailsMissing],
  ['repeated', ({ mailsRepeated }) => mailsRepeated],
  ['names wrong', ({ wrongNames }) => wrongNames],
  ['dead letters', ({ deadLetters }) => deadLetters],
  ['jobs open', ({ openJobs }) => openJobs],
  ['promise', ({ broken }) => (broken.length === 0 ? 'kept' : `**broken**: ${broken.join('; ')}`)],
]

const toLine = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |\n`

/** The figures that all scenarios have, as a table in Markdown. */
export const tableOf = (rows: readonly Row[]): string => {
  const titles = toLine(COLUMNS.map(([title]) => title))
  const lines = rows.map((row) => toLine(COLUMNS.map(([, cell]) => cell(row))))
  return `${titles}|${'---|'.repeat(COLUMNS.length)}\n${lines.join('')}`
}

/** What each looked at beside, as a list. */
export const findingsOf = (rows: readonly Row[]): string =>
  rows
    .filter(({ findings }) => findings.length > 0)
    .map(({ title, findings }) => `- ${title}: ${findings.map(({ text }) => text).join('; ')}\n`)
    .join('')

/** Objects for console.table, without what is too long for a cell. */
export const shownRow = (row: Row): Record<string, string | number> => ({
  ...Object.fromEntries(COLUMNS.map(([title, cell]) => [title, cell(row)])),
  promise: row.broken.length === 0 ? 'kept' : 'broken',
})

/** All between the marks of docs/resilience.md. */
export const figuresOf = ({ madeAt, node, processors, seconds, previous, rows }: Results): string => {
  const machine = `${madeAt.slice(0, 10)}, Node ${node}, ${processors} processors for all of it, faults of ${seconds} s`
  const release =
    previous && `; the release before is commit ${previous.commit}, without ${previous.migrations.join(', ')}`
  return `${machine}${release ?? ''}:\n\n${tableOf(rows)}\nBeside that:\n\n${findingsOf(rows)}`
}

/** The figures of the last run of all scenarios. */
export const readResults = (docs: string = DOCS): Results =>
  results.parse(JSON.parse(readFileSync(keptIn(docs), 'utf8')))

/** What the page says now. @throws Error when it has no place for figures */
export const readFigures = (docs: string = DOCS): string => {
  const found = FIGURES.exec(readFileSync(pageIn(docs), 'utf8'))?.[2]
  if (found === undefined) throw new Error('docs/resilience.md has no place for the figures')
  return found
}

/** Keeps the figures, and puts them into docs/resilience.md. @throws Error when the page has no place for them */
export const writePage = (made: Results): void => {
  readFigures()
  writeFileSync(keptIn(DOCS), `${JSON.stringify(made, undefined, 2)}\n`)
  const page = readFileSync(pageIn(DOCS), 'utf8')
  const written = page.replace(FIGURES, (_all, begin, _old, end) => `${begin}${figuresOf(made)}${end}`)
  writeFileSync(pageIn(DOCS), written)
}
