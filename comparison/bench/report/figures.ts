import {
  type CandidateId,
  type HalfLoadResult,
  type Measure,
  nameOf,
  type Results,
  type ScenarioResult,
} from '../results.js'
import { SCENARIOS } from '../scenarios.js'
import { ratiosOf, type Spread, spreadOf } from './statistics.js'

const VARIANT: CandidateId = 'ours-without-outbox'

/** What a row of a page says of one candidate. */
export interface Row {
  readonly id: CandidateId
  readonly name: string
  readonly cpu: Spread
  readonly perSecond: Spread
  readonly p50: Spread
  readonly p99: Spread
  readonly rss: Spread
  /** The processor time a request of Unnest, or its variant, divided by this one's; undefined for itself. */
  readonly ratio: Spread | undefined
}

const column = (rounds: readonly Measure[], name: keyof Measure): number[] =>
  rounds.map((round) => round[name])

/** @param own whose processor time is divided by the others' */
export const rowsOf = ({ candidates }: ScenarioResult, own: CandidateId = 'ours'): Row[] => {
  const ours = candidates.find(({ id }) => id === own)
  if (!ours) throw new Error(`${own} was not measured`)
  return candidates.map(({ id, rounds }) => ({
    ...{ id, name: nameOf[id] },
    cpu: spreadOf(column(rounds, 'cpuMicroseconds')),
    perSecond: spreadOf(column(rounds, 'requestsPerSecond')),
    p50: spreadOf(column(rounds, 'p50')),
    p99: spreadOf(column(rounds, 'p99')),
    rss: spreadOf(column(rounds, 'rssMegabytes')),
    ratio:
      id === own
        ? undefined
        : ratiosOf(column(ours.rounds, 'cpuMicroseconds'), column(rounds, 'cpuMicroseconds')),
  }))
}

/** `title`, and Unnest's ratio to each of the others. */
export interface Summary {
  readonly title: string
  readonly ratios: readonly { readonly id: CandidateId; readonly ratio: Spread }[]
}

const ratiosTo = (scenario: ScenarioResult, own: CandidateId, title: string): Summary => ({
  title,
  ratios: rowsOf(scenario, own).flatMap(({ id, ratio }) => (ratio ? [{ id, ratio }] : [])),
})

/** The first thing to look at: for each scenario what a request costs us, and our variant, beside the others. */
export const summaryOf = ({ scenarios }: Results): Summary[] =>
  scenarios.flatMap((scenario) => [
    ratiosTo(scenario, 'ours', scenario.title),
    ...(scenario.candidates.some(({ id }) => id === VARIANT)
      ? [ratiosTo(scenario, VARIANT, `${scenario.title}, without the outbox`)]
      : []),
  ])

/** What there is to say of a scenario beside its figures. */
export const wordsOf = ({ id, connections }: ScenarioResult): string =>
  [`${connections} connections.`, SCENARIOS.find((scenario) => scenario.id === id)?.note ?? '']
    .join(' ')
    .trim()

/** What a candidate's clients wait for at a rate that was given. */
export interface HalfLoadRow {
  readonly name: string
  /** Undefined when it fell behind in most rounds: in one, the machine may have been busy with something else. */
  readonly times: { readonly p50: Spread; readonly p99: Spread } | undefined
  readonly perSecond: Spread
}

export const halfLoadRowsOf = ({ candidates }: HalfLoadResult): HalfLoadRow[] =>
  candidates.map(({ id, rounds }) => ({
    name: nameOf[id],
    times:
      rounds.filter(({ keptUp }) => keptUp).length * 2 > rounds.length
        ? { p50: spreadOf(rounds.map(({ p50 }) => p50)), p99: spreadOf(rounds.map(({ p99 }) => p99)) }
        : undefined,
    perSecond: spreadOf(rounds.map(({ requestsPerSecond }) => requestsPerSecond)),
  }))

/** Beside the load: one line each. */
export interface Fact {
  readonly what: string
  readonly values: readonly { readonly id: CandidateId; readonly text: string }[]
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const range = ({ low, middle, high }: Spread): string => `${whole(middle)} (${whole(low)} to ${whole(high)})`

const fact = <T extends { readonly id: CandidateId }>(
  what: string,
  items: readonly T[],
  text: (item: T) => string,
): Fact => ({ what, values: items.map((item) => ({ id: item.id, text: text(item) })) })

export const factsOf = ({ coldStarts, memory, jobs, packages, lines }: Results): Fact[] =>
  [
    fact('start of the API to its first answer, ms', coldStarts, (item) =>
      range(spreadOf(item.milliseconds)),
    ),
    fact('memory of the API after the load, MB', memory, (item) => whole(item.rssMegabytes)),
    fact('welcome mails a second, one worker', jobs, (item) =>
      range(spreadOf(item.rounds.map((round) => round.jobsPerSecond))),
    ),
    fact('the worker’s processor time a mail, µs', jobs, (item) =>
      range(spreadOf(item.rounds.map((round) => round.cpuMicroseconds))),
    ),
    fact('packages installed for production', packages, (item) => whole(item.count)),
    fact('their size, MB', packages, (item) => whole(item.megabytes)),
    fact('lines of code of what both can do, in the domains', lines, (item) => whole(item.domains)),
    fact('with what they stand on', lines, (item) => whole(item.comparable)),
    fact('lines of code in all', lines, (item) => whole(item.all)),
  ].filter(({ values }) => values.length > 0)

/** Whom the facts are of: neither our variant nor the bare server is anything to run. */
export const FACTS_OF = ['ours', 'nest-express', 'nest-fastify'] as const satisfies readonly CandidateId[]
