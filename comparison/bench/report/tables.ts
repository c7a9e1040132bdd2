import { type HalfLoadResult, nameOf, type Results, type ScenarioResult } from '../results.js'
import { FACTS_OF, factsOf, halfLoadRowsOf, rowsOf } from './figures.js'
import { CANNOT_KEEP_UP, fraction, ratio, spread, time, wholeNumber } from './words.js'

/** Texts for the pages to set, each in its own way. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export const scenarioTable = (result: ScenarioResult): Table => ({
  head: ['', 'ratio', 'processor time, µs', 'requests/s', 'p50, ms', 'p99, ms', 'memory, MB'],
  rows: rowsOf(result).map((row) => [
    row.name,
    row.ratio ? spread(row.ratio, ratio) : '1',
    spread(row.cpu, wholeNumber),
    spread(row.perSecond, wholeNumber),
    spread(row.p50, time),
    spread(row.p99, time),
    wholeNumber(row.rss.high),
  ]),
})

export const halfLoadTable = (result: HalfLoadResult): Table => ({
  head: ['', 'answered a second', 'p50, ms', 'p99, ms'],
  rows: halfLoadRowsOf(result).map(({ name, times, perSecond }) => [
    name,
    spread(perSecond, wholeNumber),
    times ? spread(times.p50, fraction) : CANNOT_KEEP_UP,
    times ? spread(times.p99, fraction) : CANNOT_KEEP_UP,
  ]),
})

export const factsTable = (results: Results): Table => {
  const facts = factsOf(results)
  return {
    head: ['', ...FACTS_OF.map((id) => nameOf[id])],
    rows: facts.map(({ what, values }) => [
      what,
      ...FACTS_OF.map((id) => values.find((value) => value.id === id)?.text ?? ''),
    ]),
  }
}
