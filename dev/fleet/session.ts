import { createArea } from './area.js'
import { buildRelease, type PreviousRelease, type Release, THIS_RELEASE } from './releases.js'
import type { Row } from './results.js'
import { rowOfError } from './rows.js'
import { runScenario } from './run.js'
import type { Scenario } from './scenario.js'
import { openStage, type Stage } from './stage.js'

export interface Session {
  readonly previous: PreviousRelease | undefined
  readonly faultMs: number
}

type Say = (line: string) => void

const createClock = (): Say => {
  const begun = Date.now()
  return (line) => console.log(`${String(Math.round((Date.now() - begun) / 1_000)).padStart(5)} s  ${line}`)
}

/** Areas that end with a signal, whoever has them in hand at that time. */
const openAreas = () => {
  const areas = new Set<ReturnType<typeof createArea>>()
  const closeAll = () => Promise.all([...areas].map((area) => area.close()))
  let stopping = false
  const stop = (): void => {
    stopping = true
    console.log('Stopping ...')
    void closeAll().finally(() => process.exit(130))
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, stop)
  const create = () => {
    if (stopping) throw new Error('stopped by a signal')
    const area = createArea()
    areas.add(area)
    return area
  }
  return { create, closeAll, isStopping: () => stopping }
}

type Areas = ReturnType<typeof openAreas>

/** One fleet at a time: the same for as long as it will do. */
const createStages = (areas: Areas, say: Say) => {
  let current: { readonly stage: Stage; readonly release: Release } | undefined
  const drop = async (): Promise<void> => {
    const dropped = current
    current = undefined
    await dropped?.stage.close()
  }
  const take = async (release: Release): Promise<Stage> => {
    if (current?.release !== release) {
      await drop()
      say('starting a fleet')
      current = { stage: await openStage(areas.create(), release), release }
    }
    return current.stage
  }
  return { take, drop }
}

/** Builds the release before once, when somebody wants it. */
const createBuilds = (areas: Areas, { previous }: Session, say: Say) => {
  let built: Release | undefined
  return async (): Promise<Release | undefined> => {
    if (built || !previous) return built
    say(`building commit ${previous.commit}, the release before ${previous.migrations.join(', ')}`)
    built = await buildRelease(areas.create(), previous)
    return built
  }
}

/** Runs them on one fleet; after one that failed, and where another release is first, on a new one. */
export const runScenarios = async (scenarios: readonly Scenario[], session: Session): Promise<Row[]> => {
  const [areas, say] = [openAreas(), createClock()]
  const stages = createStages(areas, say)
  const build = createBuilds(areas, session, say)
  const runOne = async (scenario: Scenario): Promise<Row> => {
    try {
      const previous = scenario.previous && (await build())
      const stage = await stages.take(scenario.previous === 'first' && previous ? previous : THIS_RELEASE)
      say(scenario.title)
      const row = await runScenario(scenario, { stage, previous, faultMs: session.faultMs, say })
      // It has another release's members by now.
      if (scenario.previous === 'first') await stages.drop()
      return row
    } catch (error) {
      console.error(error)
      await stages.drop()
      return rowOfError(scenario, error)
    }
  }
  const rows: Row[] = []
  try {
    for (const scenario of scenarios) {
      if (areas.isStopping()) break
      const row = await runOne(scenario)
      say(`  ${row.broken.length === 0 ? 'kept' : `BROKEN: ${row.broken.join('; ')}`}`)
      for (const { text } of row.findings) console.log(`         ${text}`)
      rows.push(row)
    }
  } finally {
    await stages.drop()
    await areas.closeAll()
  }
  return rows
}
