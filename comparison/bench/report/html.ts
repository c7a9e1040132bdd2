import {
  type CandidateId,
  type HalfLoadResult,
  nameOf,
  type Results,
  type ScenarioResult,
} from '../results.js'
import { type Bar, escapeHtml, toChart } from './chart.js'
import { rowsOf, summaryOf, wordsOf } from './figures.js'
import { STYLE } from './style.js'
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
  wholeNumber,
} from './words.js'

const toneOf = (id: CandidateId): Bar['tone'] =>
  id === 'raw' ? 'limit' : id.startsWith('ours') ? 'ours' : 'theirs'

const cells = (tag: 'td' | 'th', texts: readonly string[]): string =>
  `<tr>${texts.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join('')}</tr>`
const table = ({ head, rows }: Table): string =>
  `<div class="wide"><table><thead>${cells('th', head)}</thead><tbody>${rows.map((row) => cells('td', row)).join('\n')}</tbody></table></div>`
const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`
const list = (texts: readonly string[]): string =>
  `<ul>${texts.map((text) => `<li>${escapeHtml(text)}</li>`).join('\n')}</ul>`

/** Ratios of all scenarios to one other. */
const ratioChart = (results: Results, other: CandidateId): string => {
  const bars = summaryOf(results).flatMap(({ title, ratios }): Bar[] => {
    const found = ratios.find(({ id }) => id === other)
    if (!found) return []
    return [{ label: title, value: found.ratio, text: spread(found.ratio, ratio), tone: toneOf(other) }]
  })
  if (bars.length === 0) return ''
  const title = `Unnest divided by ${nameOf[other]}`
  return `<h3>${escapeHtml(title)}</h3>${toChart(bars, { title, mark: 1 })}`
}

const scenario = (result: ScenarioResult): string => {
  const chart = toChart(
    rowsOf(result).map(({ id, name, cpu }) => ({
      label: name,
      value: cpu,
      text: `${wholeNumber(cpu.middle)} µs`,
      tone: toneOf(id),
    })),
    { title: `Processor time a request: ${result.title}` },
  )
  return `<section><h3>${escapeHtml(result.title)}</h3>${paragraph(wordsOf(result))}${chart}${table(scenarioTable(result))}</section>`
}

const halfLoad = (results: readonly HalfLoadResult[]): string => {
  if (results.length === 0) return ''
  const tables = results.map(
    (result) => `<h3>${escapeHtml(halfLoadHeading(result))}</h3>${table(halfLoadTable(result))}`,
  )
  return `<h2>${HALF_LOAD_TITLE}</h2>\n${paragraph(HALF_LOAD)}\n${tables.join('\n')}\n`
}

/** The figures as one page that fetches nothing. */
export const toHtml = (results: Results): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${TITLE}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${TITLE}</h1>
${paragraph(LEAD)}
${(['nest-express', 'nest-fastify', 'raw'] as const).map((id) => ratioChart(results, id)).join('\n')}
<h2>Beside the requests</h2>
${table(factsTable(results))}
${halfLoad(results.halfLoad)}<h2>What is equal and what is not</h2>
${list(NOT_EQUAL)}
<h2>The requests, one by one</h2>
${results.scenarios.map(scenario).join('\n')}
<h2>How it was made</h2>
${list(circumstancesOf(results))}
</main>
</body>
</html>
`
