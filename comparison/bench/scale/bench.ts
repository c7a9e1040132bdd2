import { findCores } from '../cores.js'
import type { LoadOrder } from '../load.js'
import { type LoadGenerator, startLoadGenerator } from '../load-generator.js'
import { cpuOf } from '../process-figures.js'
import { type Turns, warmUp } from '../rounds.js'
import { SCENARIOS, type Scenario } from '../scenarios.js'
import { type RunningServer, startServer } from '../servers.js'
import { runShort } from '../short-run.js'
import type { Stage } from '../stage.js'
import { createTokens, type Tokens } from '../tokens.js'
import { scalePage } from './page.js'
import { type ScaleResults, type ScaleTurn, scaleResults } from './results.js'

/* `npm run bench:scale`: whether two API processes do twice the work of one. */

/** What touches the cache and the limits in Redis, what reads much from Postgres, and what locks rows in it. */
const MEASURED: readonly string[] = ['profile-hit', 'orders', 'place-order']

/** An API process and what loads it. */
interface Lane {
  readonly server: RunningServer
  readonly generator: LoadGenerator
}

/** The second pair gets cores of its own where there are any. */
const startLanes = async (stage: Stage, lanes: Lane[]): Promise<void> => {
  const [, , server, generator] = findCores()
  const own = stage.pinning && server && generator ? { ...stage, pinning: { server, generator } } : stage
  for (const place of [stage, own]) {
    const running = await startServer(place, 'ours')
    try {
      lanes.push({ server: running, generator: await startLoadGenerator(place) })
    } catch (error) {
      await running.stop()
      throw error
    }
  }
}

const runTurn = async (lanes: readonly Lane[], order: Omit<LoadOrder, 'url'>): Promise<ScaleTurn> => {
  const spentBy = () => lanes.reduce((sum, { server }) => sum + cpuOf(server.pid), 0)
  const before = spentBy()
  const reports = await Promise.all(
    lanes.map(({ server, generator }) => generator.run({ url: server.url, ...order })),
  )
  const spent = spentBy() - before
  const faults = reports.flatMap((report) => report.faults)
  const requests = reports.reduce((sum, report) => sum + report.requests, 0)
  if (faults.length > 0 || requests === 0) throw new Error(`answered wrongly:\n${faults.join('\n')}`)
  return {
    requestsPerSecond: reports.reduce((sum, report) => sum + report.requests / report.seconds, 0),
    cpuMicroseconds: spent / requests,
  }
}

const measureScenario = async (
  stage: Stage,
  lanes: readonly Lane[],
  tokens: Tokens,
  scenario: Scenario,
  { rounds, seconds }: Turns,
): Promise<ScaleResults['scenarios'][number]> => {
  const { title, connections } = scenario
  const orderNow = async () => {
    await tokens.renew(lanes[0]?.server.url ?? '')
    return { connections, seconds, exchanges: scenario.exchanges(stage, tokens.tokenOf) }
  }
  const order = await orderNow()
  for (const { server, generator } of lanes) await warmUp(generator, server, scenario, order)
  const [one, two]: [ScaleTurn[], ScaleTurn[]] = [[], []]
  for (let round = 1; round <= rounds; round += 1) {
    const order = await orderNow()
    // Each is the one that is alone in turn.
    const alone = lanes[round % lanes.length]
    one.push(await runTurn(alone ? [alone] : [], order))
    two.push(await runTurn(lanes, order))
    const [single, both] = [one, two].map((turns) => Math.round(turns.at(-1)?.cpuMicroseconds ?? 0))
    console.log(`${title}, round ${round} of ${rounds}: one ${single} us, two ${both} us a request`)
  }
  return { title, connections, one, two }
}

const measure = async (stage: Stage, turns: Turns): Promise<Pick<ScaleResults, 'scenarios'>> => {
  const lanes: Lane[] = []
  try {
    await startLanes(stage, lanes)
    const tokens = createTokens(stage)
    const scenarios: ScaleResults['scenarios'] = []
    for (const scenario of SCENARIOS.filter(({ id }) => MEASURED.includes(id))) {
      scenarios.push(await measureScenario(stage, lanes, tokens, scenario, turns))
    }
    return { scenarios }
  } finally {
    for (const { server, generator } of lanes) {
      await server.stop()
      await generator.stop()
    }
  }
}

await runShort({
  name: 'scale',
  usual: { rounds: 5, seconds: 2 },
  schema: scaleResults,
  measure,
  page: scalePage,
})
