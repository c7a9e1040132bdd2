import { nameOf, type Results, type ScenarioResult } from '../results.js'
import { columnsOf, factsOf, rowsOf, summaryOf, wordsOf } from './figures.js'
import { circumstancesOf, LEAD, NOT_EQUAL, ratio, spread, TITLE, time, wholeNumber } from './words.js'

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')

const SUMMARY = ['nest-express', 'nest-fastify', 'raw'] as const

const summary = (results: Results): string =>
  table(
    ['Unnest’s processor time a request, divided by that of', ...SUMMARY.map((id) => nameOf[id])],
    summaryOf(results).map(({ title, ratios }) => [
      title,
      ...SUMMARY.map((id) => {
        const found = ratios.find((item) => item.id === id)
        return found ? spread(found.ratio, ratio) : ''
      }),
    ]),
  )

const scenario = (result: ScenarioResult): string => {
  const rows = rowsOf(result).map((row) => [
    row.name,
    row.ratio ? spread(row.ratio, ratio) : '1',
    spread(row.cpu, wholeNumber),
    spread(row.perSecond, wholeNumber),
    spread(row.p50, time),
    spread(row.p99, time),
    wholeNumber(row.rss.high),
  ])
  const head = ['', 'ratio', 'processor time, µs', 'requests/s', 'p50, ms', 'p99, ms', 'memory, MB']
  return [`### ${result.title}`, wordsOf(result), table(head, rows)].join('\n\n')
}

const facts = (results: Results): string => {
  const rows = factsOf(results)
  const columns = columnsOf(rows)
  return table(
    ['', ...columns.map((id) => nameOf[id])],
    rows.map(({ what, values }) => [
      what,
      ...columns.map((id) => values.find((value) => value.id === id)?.text ?? ''),
    ]),
  )
}

/** The figures as text, for people and for closing notes. */
export const toMarkdown = (results: Results): string =>
  [
    `# ${TITLE}`,
    LEAD,
    ...(results.scenarios.length > 0 ? [summary(results)] : []),
    '## Beside the requests',
    facts(results),
    '## What is equal and what is not',
    NOT_EQUAL.map((text) => `- ${text}`).join('\n'),
    '## The requests, one by one',
    ...results.scenarios.map(scenario),
    '## How it was made',
    circumstancesOf(results)
      .map((text) => `- ${text}`)
      .join('\n'),
    '`npm run compare` makes this file and the page beside it.\n',
  ].join('\n\n')
