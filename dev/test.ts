import { build } from './build.js'
import { endRecorded } from './stack/ledger.js'
import { onNpmGone } from './stack/npm.js'
import { StartError } from './stack/start-error.js'
import { startGuard } from './stack/watch.js'
import { reportStep, runChecks } from './testing/checks.js'
import { writeGroups } from './testing/groups.js'
import { runTap, type TapResult } from './testing/run-tap.js'
import { createTestArea, migrateTemplate, startTestServices, type TestArea } from './testing/services.js'

/** A group is as many test files one after another. */
const GROUP_SECONDS = 300

/** Test processes get the ledger, so that a Redis of their own cannot outlive the run. */
const environmentFor = (
  urls: { databaseUrl: string; redisUrl: string },
  template: string,
  { ledger }: TestArea,
): NodeJS.ProcessEnv => ({
  ...process.env,
  TEST_DATABASE_URL: urls.databaseUrl,
  TEST_REDIS_URL: urls.redisUrl,
  TEST_TEMPLATE: template,
  TEST_LEDGER: ledger,
})

/** A step that everything after it needs: reported as one line, its error ends the run. */
const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
  const begun = Date.now()
  try {
    const result = await work()
    reportStep(name, true, begun)
    return result
  } catch (error) {
    reportStep(name, false, begun)
    throw error
  }
}

/** Build, services, migrations, tests. A step that fails counts as one failed test. */
const runTests = async (area: TestArea, args: readonly string[]): Promise<TapResult> => {
  try {
    const [urls] = await Promise.all([step('services', () => startTestServices(area)), step('build', build)])
    const template = await step('migrations', () => migrateTemplate(urls.databaseUrl, area))
    const wanted = args.length > 0 ? args : [`--timeout=${GROUP_SECONDS}`, ...writeGroups()]
    return await runTap(wanted, environmentFor(urls, template, area), area.ledger)
  } catch (error) {
    console.error(error instanceof StartError ? error.message : error)
    return { passed: 0, failed: 1, exitCode: 1 }
  }
}

/** `npm test`, and with --only no more than the given files. The counts come last, after all that runs has ended. */
const run = async (area: TestArea, args: readonly string[]): Promise<void> => {
  const only = args[0] === '--only'
  const checks = only ? { passed: 0, failed: 0 } : await runChecks(area.ledger)
  const tests = await runTests(area, only ? args.slice(1) : args)
  await endRecorded(area.ledger)
  area.discard()
  console.log(`${checks.passed + tests.passed} passed, ${checks.failed + tests.failed} failed`)
  process.exitCode = tests.exitCode === 0 && checks.failed > 0 ? 1 : tests.exitCode
}

/** Ends everything on a signal, once, and leaves nothing behind. */
const stopOnSignals = (area: TestArea): void => {
  let stopping = false
  const stop = async (): Promise<void> => {
    if (stopping) return
    stopping = true
    console.log('Interrupted, stopping ...')
    await endRecorded(area.ledger)
    area.discard()
    process.exit(130)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop())
  onNpmGone(() => void stop())
}

const area = createTestArea()
stopOnSignals(area)
startGuard(area.ledger, area.dir)
await run(area, process.argv.slice(2))
