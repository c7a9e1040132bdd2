import { setTimeout as wait } from 'node:timers/promises'
import { prepareLoad } from './accounts.js'
import { compareWithTruth, timeOf } from './effects.js'
import { startLoad } from './load-process.js'
import type { Release } from './releases.js'
import type { Row } from './results.js'
import { rowOf } from './rows.js'
import type { Scenario } from './scenario.js'
import type { Stage } from './stage.js'

export interface Run {
  readonly stage: Stage
  readonly previous: Release | undefined
  readonly faultMs: number
  readonly say: (line: string) => void
}

/** Loads the fleet before, during and after a fault. */
export const runScenario = async (scenario: Scenario, run: Run): Promise<Row> => {
  const { stage, previous, faultMs, say } = run
  const order = await prepareLoad(stage.databaseUrl, stage.url)
  const since = await timeOf(stage.databaseUrl)
  const load = await startLoad(stage.area.ledger, order)
  await wait(faultMs)
  const begun = Date.now()
  const found = await scenario.act({ stage, previous, faultMs })
  const ended = Date.now()
  say(`  it took ${((ended - begun) / 1_000).toFixed(1)} s; the load goes on`)
  await wait(faultMs * 2)
  const told = await load.finish()
  say('  comparing what was told with what is there')
  const effects = await compareWithTruth(stage, since, order, told)
  return rowOf(scenario, { samples: load.samples, begun, ended, effects }, found)
}
