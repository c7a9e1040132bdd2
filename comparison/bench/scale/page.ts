import { markdownTable } from '../report/markdown.js'
import { ratiosOf, type Spread, spreadOf } from '../report/statistics.js'
import { circumstancesOf, ratio, spread, wholeNumber } from '../report/words.js'
import type { ScaleResults, ScaleTurn } from './results.js'

/** With fewer, two processes share a core with each other or with what loads them. */
export const CORES_FOR_RATES = 4

export interface ScaleRow {
  readonly title: string
  readonly one: Spread
  readonly two: Spread
  /** What a request costs with two, by what it costs with one: 1 is linear. */
  readonly cost: Spread
  /** The requests a second of two by those of one; undefined where the machine has too few cores to tell. */
  readonly rate: Spread | undefined
}

const column = (turns: readonly ScaleTurn[], name: keyof ScaleTurn): number[] =>
  turns.map((turn) => turn[name])

export const scaleRowsOf = ({ scenarios, machine }: ScaleResults): ScaleRow[] =>
  scenarios.map(({ title, connections, one, two }) => ({
    title: `${title}, ${connections} connections a process`,
    one: spreadOf(column(one, 'cpuMicroseconds')),
    two: spreadOf(column(two, 'cpuMicroseconds')),
    cost: ratiosOf(column(two, 'cpuMicroseconds'), column(one, 'cpuMicroseconds')),
    rate:
      machine.cores < CORES_FOR_RATES
        ? undefined
        : ratiosOf(column(two, 'requestsPerSecond'), column(one, 'requestsPerSecond')),
  }))

const LEAD =
  'One API process of Unnest against two on the same Postgres and Redis, in turns. Each process has a load generator of its own with as many connections as ' +
  'the one process has alone, as behind a balancer that gives each new connection to the next. If a request costs no more processor time with two than with ' +
  'one, then no lock, lease or count that they share costs them anything, and two do twice as much on twice the cores. Each figure is the median of the rounds, then the lowest and the highest.'

const RATES_UNKNOWN =
  `Requests a second are not compared: that takes ${CORES_FOR_RATES} cores, one for each process and each load generator. ` +
  'Here both processes were kept on one core, and taking turns on it costs each of them some of its caches.'

/** The figures as text. */
export const scalePage = (results: ScaleResults): string =>
  [
    '# One process and two',
    LEAD,
    markdownTable({
      head: ['', 'one, µs a request', 'two, µs a request', 'two by one', 'requests/s, two by one'],
      rows: scaleRowsOf(results).map(({ title, one, two, cost, rate }) => [
        title,
        spread(one, wholeNumber),
        spread(two, wholeNumber),
        spread(cost, ratio),
        rate ? spread(rate, ratio) : '',
      ]),
    }),
    ...(results.machine.cores < CORES_FOR_RATES ? [RATES_UNKNOWN] : []),
    'What runs in Postgres and Redis is not in these figures: only what the processes spend themselves.',
    '## How it was made',
    circumstancesOf(results)
      .map((text) => `- ${text}`)
      .join('\n'),
    '`npm run bench:scale` makes this file.\n',
  ].join('\n\n')
