import { type HalfLoadResult, nameOf, type Results, type ScenarioResult } from '../results.js'
import { summaryOf, wordsOf } from './figures.js'
import { factsTable, halfLoadTable, scenarioTable, type Table } from './tables.js'
import {
  circumstancesOf,
  HALF_LOAD,
  HALF_LOAD_TITLE,
  halfLoadHeading,
  LEAD,
  NOT_EQUAL,
  ratio,
  spread,
  TITLE,
} from './words.js'

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
export const markdownTable = ({ head, rows }: Table): string =>
  [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')

const SUMMARY = ['nest-express', 'nest-fastify', 'raw'] as const

const summary = (results: Results): string =>
  markdownTable({
    head: ['Unnest’s processor time a request, divided by that of', ...SUMMARY.map((id) => nameOf[id])],
    rows: summaryOf(results).map(({ title, ratios }) => [
      title,
      ...SUMMARY.map((id) => {
        const found = ratios.find((item) => item.id === id)
        return found ? spread(found.ratio, ratio) : ''
      }),
    ]),
  })

const scenario = (result: ScenarioResult): string =>
  [`### ${result.title}`, wordsOf(result), markdownTable(scenarioTable(result))].join('\n\n')

const halfLoad = (results: readonly HalfLoadResult[]): string[] =>
  results.length === 0
    ? []
    : [
        `## ${HALF_LOAD_TITLE}`,
        HALF_LOAD,
        ...results.flatMap((result) => [
          `### ${halfLoadHeading(result)}`,
          markdownTable(halfLoadTable(result)),
        ]),
      ]

/** The figures as text, for people and for closing notes. */
export const toMarkdown = (results: Results): string =>
  [
    `# ${TITLE}`,
    LEAD,
    ...(results.scenarios.length > 0 ? [summary(results)] : []),
    '## Beside the requests',
    markdownTable(factsTable(results)),
    ...halfLoad(results.halfLoad),
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
