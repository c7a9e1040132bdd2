import type { LoadReport } from './load.js'
import type { LoadGenerator } from './load-generator.js'
import { spreadOf } from './report/statistics.js'
import { type CandidateId, type HalfLoadResult, nameOf, type PacedMeasure } from './results.js'
import { measureTurn, type ServerOf, type Turns, warmUp } from './rounds.js'
import { SCENARIOS, type Scenario } from './scenarios.js'
import type { Stage } from './stage.js'
import type { Tokens } from './tokens.js'

/** A read that the cache answers, and a write. */
const MEASURED: readonly string[] = ['profile-hit', 'place-order']
const CANDIDATES: readonly CandidateId[] = ['ours', 'nest-express', 'nest-fastify']
const SHARE = 0.5
/** Who has more than this still on its way at the end, in seconds of the rate, does not keep up: it falls behind all the time. */
const BACKLOG_SECONDS = 0.25

/** What a server may say that is asked for more than it can do. */
const REFUSAL = /: (503|429)\b|timed out|socket hang up|ECONNRESET/

/** So that it takes less than three minutes, also with somebody who does not keep up. */
const TURN_LIMIT_SECONDS = 3

/** The tools of one run. */
export interface Bench {
  readonly stage: Stage
  readonly generator: LoadGenerator
  readonly tokens: Tokens
  readonly serverOf: ServerOf
}

const orderFor = async ({ stage, tokens, serverOf }: Bench, scenario: Scenario, seconds: number) => {
  await tokens.renew((await serverOf('ours')).url)
  const { connections } = scenario
  return { connections, seconds, exchanges: scenario.exchanges(stage, tokens.tokenOf) }
}

/** What we answer at most, in this run and on this machine, and whoever else is to be measured is warm by then. */
const findCapacity = async (
  bench: Bench,
  scenario: Scenario,
  { rounds, seconds }: Turns,
): Promise<number> => {
  const { stage, generator, serverOf } = bench
  for (const id of CANDIDATES) {
    const order = await orderFor(bench, scenario, seconds)
    await warmUp(generator, await serverOf(id), scenario, order)
  }
  const rates: number[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const order = await orderFor(bench, scenario, seconds)
    const turn = await measureTurn(stage, generator, await serverOf('ours'), scenario, order)
    rates.push(turn.requestsPerSecond)
  }
  return spreadOf(rates).middle
}

/** @throws Error when a server that kept up answered wrongly; one that did not may refuse what it cannot do */
export const toMeasure = (id: CandidateId, rate: number, report: LoadReport): PacedMeasure => {
  const { requests, offered, seconds, p50, p99, faults } = report
  const keptUp = (offered - requests) / rate <= BACKLOG_SECONDS
  const wrong = keptUp ? faults : faults.filter((fault) => !REFUSAL.test(fault))
  if (wrong.length > 0) throw new Error(`${id} answered wrongly:\n${wrong.join('\n')}`)
  return { keptUp, requestsPerSecond: requests / seconds, p50, p99 }
}

const describe = (id: CandidateId, { keptUp, p50, p99, requestsPerSecond }: PacedMeasure): string =>
  keptUp
    ? `${nameOf[id]} p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`
    : `${nameOf[id]} answers only ${Math.round(requestsPerSecond)}/s`

const measureAt = async (bench: Bench, scenario: Scenario, rate: number, { rounds, seconds }: Turns) => {
  const candidates = CANDIDATES.map((id) => ({ id, rounds: [] as PacedMeasure[] }))
  for (let round = 1; round <= rounds; round += 1) {
    for (const { id, rounds: turns } of candidates) {
      const order = await orderFor(bench, scenario, seconds)
      const { url } = await bench.serverOf(id)
      turns.push(toMeasure(id, rate, await bench.generator.run({ url, ...order, rate })))
    }
    const line = candidates.flatMap(({ id, rounds: turns }) =>
      turns.slice(-1).map((turn) => describe(id, turn)),
    )
    console.log(`${scenario.title} at ${Math.round(rate)}/s, round ${round} of ${rounds}: ${line.join('; ')}`)
  }
  return candidates
}

/** How long clients wait at half of what we can do, and at as many requests a second of the others. */
export const measureHalfLoad = async (bench: Bench, asked: Turns): Promise<HalfLoadResult[]> => {
  const turns = { rounds: asked.rounds, seconds: Math.min(asked.seconds, TURN_LIMIT_SECONDS) }
  const found: HalfLoadResult[] = []
  for (const scenario of SCENARIOS.filter(({ id }) => MEASURED.includes(id))) {
    const rate = (await findCapacity(bench, scenario, turns)) * SHARE
    const { title, connections } = scenario
    found.push({ title, connections, rate, candidates: await measureAt(bench, scenario, rate, turns) })
  }
  return found
}
