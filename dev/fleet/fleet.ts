import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { ensureHaproxy } from './haproxy.js'
import { findingsOf, readResults, shownRow, writePage } from './page.js'
import { findPreviousRelease } from './releases.js'
import type { Results } from './results.js'
import type { Scenario } from './scenario.js'
import { SCENARIOS } from './scenarios.js'
import { runScenarios } from './session.js'

/* `npm run test:fleet`: what clients see while pods, workers, Postgres and Redis fail; all of it writes docs/resilience.md. */

const HELP = `npm run test:fleet -- [--only SCENARIO,...] [--seconds 1..60] [--pages]

  --only      some of: ${SCENARIOS.map(({ id }) => id).join(', ')}
  --seconds   how long a fault lasts, 5 if absent
  --pages     makes the page again from docs/resilience.json, and starts nothing`

const options = {
  only: { type: 'string' },
  seconds: { type: 'string', default: '5' },
  pages: { type: 'boolean', default: false },
} as const

/** @returns undefined when it cannot be understood */
const readArguments = () => {
  try {
    const { values } = parseArgs({ options })
    const [seconds, ids] = [Number(values.seconds), values.only?.split(',')]
    const known = ids?.every((id) => SCENARIOS.some((scenario) => scenario.id === id)) ?? true
    const chosen = SCENARIOS.filter(({ id }) => ids?.includes(id) ?? true)
    return known && seconds >= 1 && seconds <= 60 ? { chosen, seconds, pages: values.pages } : undefined
  } catch {
    return undefined
  }
}

const runAll = async (chosen: readonly Scenario[], seconds: number): Promise<void> => {
  ensureHaproxy()
  const previous = findPreviousRelease()
  const possible = chosen.filter((scenario) => previous !== undefined || scenario.previous === undefined)
  for (const { title } of chosen.filter((scenario) => !possible.includes(scenario))) {
    console.log(`Left out: "${title}" needs the git history back to before the newest migration`)
  }
  const rows = await runScenarios(possible, { previous, faultMs: seconds * 1_000 })
  console.table(rows.map(shownRow))
  console.log(findingsOf(rows))
  for (const { title, broken } of rows.filter((row) => row.broken.length > 0)) {
    console.log(`BROKEN, ${title}: ${broken.join('; ')}`)
    process.exitCode = 1
  }
  const machine = { node: process.version, processors: cpus().length }
  const made: Results = {
    madeAt: new Date().toISOString(),
    ...machine,
    seconds,
    previous: previous ?? null,
    rows,
  }
  if (possible.length === SCENARIOS.length) writePage(made)
}

const main = async (): Promise<void> => {
  const wanted = readArguments()
  if (wanted === undefined) throw new Error(HELP)
  if (wanted.pages) writePage(readResults())
  else await runAll(wanted.chosen, wanted.seconds)
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
