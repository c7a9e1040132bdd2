import { parseArgs } from 'node:util'
import { ensureHaproxy } from './haproxy.js'
import { writePage } from './page.js'
import { type Row, runScenario } from './run.js'
import { SCENARIOS } from './scenarios.js'
import { openStage } from './stage.js'

/* `npm run test:fleet`: what clients see while pods, workers, Postgres and Redis fail; all of it writes docs/resilience.md. */

const { values } = parseArgs({
  options: { only: { type: 'string' }, seconds: { type: 'string', default: '5' } },
})
const seconds = Number(values.seconds)
const chosen = SCENARIOS.filter(({ id }) => values.only === undefined || values.only.split(',').includes(id))

const show = (rows: readonly Row[]): void =>
  console.table(rows.map(({ p99: { before, during, after }, ...row }) => ({ ...row, before, during, after })))

const main = async (): Promise<void> => {
  ensureHaproxy()
  const stage = await openStage()
  const stop = (): void => void stage.close().finally(() => process.exit(130))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
  const rows: Row[] = []
  try {
    for (const scenario of chosen) {
      console.log(`${scenario.title} ...`)
      rows.push(await runScenario(stage, scenario, seconds))
    }
  } finally {
    await stage.close()
  }
  show(rows)
  if (chosen.length === SCENARIOS.length) writePage(rows, seconds)
  if (rows.some(({ kept }) => !kept)) process.exitCode = 1
}

if (chosen.length === 0 || !(seconds >= 1 && seconds <= 60)) {
  console.error(`npm run test:fleet -- [--only ${SCENARIOS.map(({ id }) => id).join(',')}] [--seconds 1..60]`)
  process.exitCode = 1
} else {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
}
