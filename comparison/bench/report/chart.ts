import type { Spread } from './statistics.js'

export interface Bar {
  readonly label: string
  readonly value: Spread
  /** Written behind the bar. */
  readonly text: string
  readonly tone: 'ours' | 'theirs' | 'limit'
}

export interface ChartOptions {
  /** What the chart shows, for those who do not see it. */
  readonly title: string
  /** A line across at this value, such as "equal". */
  readonly mark?: number
}

const WIDTH = 860
const LABEL = 300
const TEXT = 150
const ROW = 26
const BAR = 14
const PLOT = WIDTH - LABEL - TEXT

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const place = (value: number, top: number): number => LABEL + (value / top) * PLOT

const bar = ({ label, value, text, tone }: Bar, row: number, top: number): string => {
  const y = row * ROW + (ROW - BAR) / 2
  const middle = row * ROW + ROW / 2
  const [from, to] = [place(value.low, top), place(value.high, top)]
  const end = place(value.middle, top)
  return `<text class="label" x="${LABEL - 10}" y="${middle}">${escapeHtml(label)}</text>
<rect class="${tone}" x="${LABEL}" y="${y}" width="${(end - LABEL).toFixed(1)}" height="${BAR}" rx="2"/>
<path class="whisker" d="M${from.toFixed(1)} ${middle}H${to.toFixed(1)}M${from.toFixed(1)} ${middle - 4}v8M${to.toFixed(1)} ${middle - 4}v8"/>
<text class="value" x="${(to + 8).toFixed(1)}" y="${middle}">${escapeHtml(text)}</text>`
}

/** Bars that lie, each with a whisker from the lowest to the highest value; a self-contained SVG. */
export const toChart = (bars: readonly Bar[], { title, mark }: ChartOptions): string => {
  const top = Math.max(...bars.map(({ value }) => value.high), mark ?? 0)
  const height = bars.length * ROW
  const x = mark === undefined ? undefined : place(mark, top).toFixed(1)
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">
${x === undefined ? '' : `<path class="mark" d="M${x} 0V${height}"/>`}
${bars.map((item, row) => bar(item, row, top)).join('\n')}
</svg>`
}
