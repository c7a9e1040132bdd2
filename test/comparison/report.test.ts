import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { toHtml } from '../../comparison/bench/report/html.js'
import { toMarkdown } from '../../comparison/bench/report/markdown.js'
import { type Results, results } from '../../comparison/bench/results.js'

/**
 * Figures whose medians and ratios were worked out by hand. The ratio of the medians is not the median of the ratios, means
 * are neither, and the order of the rounds is not that of their values.
 */
const PLANTED = readFileSync(join(import.meta.dirname, 'planted-results.json'), 'utf8')
const plantedResults = (): Results => results.parse(JSON.parse(PLANTED))

/** The rows of the summary, of the facts and of the scenarios, as Markdown without its edges. */
const RIGHT_ROWS: readonly string[] = [
  // 90/200, 120/150, 80/100; 90/60, 120/480, 80/160; 90/45, 120/48, 80/64
  'GET /v1/orders?limit=20 | 0.80 (0.45 to 0.80) | 0.50 (0.25 to 1.50) | 2.00 (1.25 to 2.50)',
  // 100/400, 300/400, 200/1000, 400/500; 0.1, 0.3, 0.2, 0.4
  'POST /v1/orders | 0.50 (0.20 to 0.80) | 0.25 (0.10 to 0.40) | ',
  // 100/400, 200/400, 100/1000, 100/500; 0.1, 0.2, 0.1, 0.1
  'POST /v1/orders, without the outbox | 0.23 (0.10 to 0.50) | 0.10 (0.10 to 0.20) | ',
  'start of the API to its first answer, ms | 1,000 (900 to 1,500) | 2,100 (2,000 to 2,200) | 1,235 (1,200 to 1,300)',
  'memory of the API after the load, MB | 310 | 421 | ',
  'welcome mails a second, one worker | 700 (600 to 1,200) | 800 (800 to 800) | ',
  'the worker’s processor time a mail, µs | 1,000 (900 to 1,100) | 850 (850 to 850) | ',
  'packages installed for production | 217 | 289 | ',
  'their size, MB | 123 | 137 | ',
  'lines of code of what both can do, in the domains | 3,000 | 2,000 | ',
  'with what they stand on | 8,000 | 3,100 | ',
  'lines of code in all | 16,000 | 3,200 | ',
  'Unnest | 1 | 90 (80 to 120) | 9,000 (7,000 to 12,345) | 4.0 (4.0 to 4.0) | 8.0 (8.0 to 8.0) | 100',
  'Nest on Express | 0.80 (0.45 to 0.80) | 150 (100 to 200) | 500 (500 to 500) | 4.0 (4.0 to 4.0) | 31 (9.9 to 121) | 100',
  'Nest on Fastify | 0.50 (0.25 to 1.50) | 160 (60 to 480) | 500 (500 to 500) | 4.0 (4.0 to 4.0) | 8.0 (8.0 to 8.0) | 302',
  'bare node:http | 2.00 (1.25 to 2.50) | 48 (45 to 64) | 500 (500 to 500) | 1.3 (0.9 to 2.0) | 8.0 (8.0 to 8.0) | 100',
  'Unnest | 1 | 250 (100 to 400) | 500 (500 to 500) | 4.0 (4.0 to 4.0) | 8.0 (8.0 to 8.0) | 100',
  'Unnest, without its outbox | 1.75 (1.00 to 4.00) | 100 (100 to 200) | 500 (500 to 500) | 4.0 (4.0 to 4.0) | 8.0 (8.0 to 8.0) | 100',
  'Nest on Express | 0.50 (0.20 to 0.80) | 450 (400 to 1,000) | 500 (500 to 500) | 4.0 (4.0 to 4.0) | 8.0 (8.0 to 8.0) | 100',
  'Nest on Fastify | 0.25 (0.10 to 0.40) | 1,000 (1,000 to 1,000) | 500 (500 to 500) | 4.0 (4.0 to 4.0) | 8.0 (8.0 to 8.0) | 100',
]

/** The rows of all tables of a Markdown page, without their heads. */
const rowsOfMarkdown = (page: string): string[] =>
  page
    .split(/\n\n/)
    .filter((block) => block.startsWith('|'))
    .flatMap((block) => block.split('\n').slice(2))
    .map((line) => line.slice(2, -2))

const textOf = (html: string): string => html.replaceAll('&amp;', '&')

const rowsOfHtml = (page: string): string[] =>
  [...page.matchAll(/<tr>(<td>.*?)<\/tr>/g)].map(([, row = '']) =>
    [...row.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell = '']) => textOf(cell)).join(' | '),
  )

/** The charts' figures: whose bar it is, how far it and its whisker reach in the drawing, and what is written. */
const barsOf = (page: string, title: string): string[][] => {
  const [svg = ''] = (page.split(`aria-label="${title}">`)[1] ?? '').split('</svg>')
  const bar =
    /class="label"[^>]*>(.*?)<\/text>\s*<rect[^>]* width="(.*?)".*?<path class="whisker" d="M(\S+) \d+H([\d.]+).*?class="value"[^>]*>(.*?)<\/text>/gs
  return [...svg.matchAll(bar)].map(([, ...parts]) => parts.map(textOf))
}

/** The HTML has the summary as charts. */
const SUMMARY_ROWS = 3
const RIGHT = { markdown: RIGHT_ROWS, html: RIGHT_ROWS.slice(SUMMARY_ROWS) }

const shownOf = (found: Results) => ({
  markdown: rowsOfMarkdown(toMarkdown(found)),
  html: rowsOfHtml(toHtml(found)),
})

t.test('the pages show the medians, spreads and ratios that were worked out by hand', async (t) => {
  t.strictSame(shownOf(plantedResults()), RIGHT)
})

t.test('the charts are drawn to these figures', async (t) => {
  const page = toHtml(plantedResults())
  // The axis is 410 wide, begins at 300 and ends at the highest value, here 1: "equal".
  t.strictSame(barsOf(page, 'Unnest divided by Nest on Express'), [
    ['GET /v1/orders?limit=20', '328.0', '484.5', '628.0', '0.80 (0.45 to 0.80)'],
    ['POST /v1/orders', '205.0', '382.0', '628.0', '0.50 (0.20 to 0.80)'],
    ['POST /v1/orders, without the outbox', '92.3', '341.0', '505.0', '0.23 (0.10 to 0.50)'],
  ])
  // Here it ends at 480 µs.
  t.strictSame(barsOf(page, 'Processor time a request: GET /v1/orders?limit=20'), [
    ['Unnest', '76.9', '368.3', '402.5', '90 µs'],
    ['Nest on Express', '128.1', '385.4', '470.8', '150 µs'],
    ['Nest on Fastify', '136.7', '351.3', '710.0', '160 µs'],
    ['bare node:http', '41.0', '338.4', '354.7', '48 µs'],
  ])
})

t.test('a planted fault does not pass for the right figures', async (t) => {
  const roundsOf = ({ scenarios }: Results) => {
    const [ours, express] = scenarios[0]?.candidates ?? []
    if (!ours || !express) throw new Error('nobody was planted')
    return { ours: ours.rounds, express: express.rounds }
  }
  const plants: Record<string, (found: Results) => void> = {
    'one round of another cost': (found) =>
      Object.assign(roundsOf(found).express[1] ?? {}, { cpuMicroseconds: 160 }),
    // Medians and spreads of both stay the same.
    'rounds that belong to others': (found) => void roundsOf(found).express.reverse(),
    'Unnest and Nest exchanged': (found) => {
      const { ours, express } = roundsOf(found)
      const own = ours.splice(0)
      ours.push(...express.splice(0))
      express.push(...own)
    },
    'a round that is missing': (found) => void roundsOf(found).ours.pop(),
    'another throughput': (found) =>
      Object.assign(roundsOf(found).ours[0] ?? {}, { requestsPerSecond: 9_001 }),
    'another cold start': (found) =>
      Object.assign(found.coldStarts[0] ?? {}, { milliseconds: [900, 1_000, 1_501] }),
    'mails of somebody else': (found) => Object.assign(found.jobs[1] ?? {}, { id: 'nest-fastify' }),
  }
  for (const [what, plant] of Object.entries(plants)) {
    const found = plantedResults()
    plant(found)
    const shown = shownOf(found)
    t.strictNotSame(shown.markdown, RIGHT.markdown, what)
    t.strictNotSame(shown.html, RIGHT.html, what)
  }
})
