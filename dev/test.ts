import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { build } from './build.js'
import { endRecorded } from './stack/ledger.js'
import { onNpmGone } from './stack/npm.js'
import { StartError } from './stack/start-error.js'
import { startGuard } from './stack/watch.js'
import { bundleTests } from './testing/bundle.js'
import { reportStep, runChecks } from './testing/checks.js'
import { allTests, namedTests } from './testing/groups.js'
import { type Counts, runTests } from './testing/run-tests.js'
import { createTestArea, migrateTemplate, startTestServices, type TestArea } from './testing/services.js'

const { values: wanted, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'boolean', default: false },
    // One more than there are cores, for most tests wait now and then; with two more, those that count milliseconds starve.
    jobs: { type: 'string', default: String(availableParallelism() + 1) },
    // For each process; a group is many test files one after another.
    timeout: { type: 'string', default: '300' },
  },
})

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
const buildAndTest = async (
  area: TestArea,
  checks: Promise<Counts>,
  signal: AbortSignal,
): Promise<Counts> => {
  try {
    const files = names.length > 0 ? namedTests(names) : allTests()
    const bundle = async () => {
      await bundleTests(files)
      await build()
    }
    const [urls] = await Promise.all([step('services', () => startTestServices(area)), step('build', bundle)])
    const template = await step('migrations', () => migrateTemplate(urls.databaseUrl, area))
    return await runTests(files, {
      jobs: Number(wanted.jobs),
      timeoutSeconds: Number(wanted.timeout),
      env: environmentFor(urls, template, area),
      ledger: area.ledger,
      checks,
      signal,
    })
  } catch (error) {
    console.error(error instanceof StartError ? error.message : error)
    return { passed: 0, failed: 1 }
  }
}

/** `npm test`, and with --only without the checks. The counts come last, after all that runs has ended. */
const run = async (area: TestArea, signal: AbortSignal): Promise<void> => {
  // The type check keeps one core busy for half a minute, and would leave the others idle.
  const checking = wanted.only ? Promise.resolve({ passed: 0, failed: 0 }) : runChecks(area.ledger)
  const [checks, tests] = await Promise.all([checking, buildAndTest(area, checking, signal)])
  await endRecorded(area.ledger)
  area.discard()
  const failed = checks.failed + tests.failed
  console.log(`${checks.passed + tests.passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

/** Ends everything on a signal, once, and leaves nothing behind. */
const stopOnSignals = (area: TestArea): AbortSignal => {
  const stopping = new AbortController()
  const stop = async (): Promise<void> => {
    if (stopping.signal.aborted) return
    stopping.abort()
    console.log('Interrupted, stopping ...')
    await endRecorded(area.ledger)
    area.discard()
    process.exit(130)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop())
  onNpmGone(() => void stop())
  return stopping.signal
}

const area = createTestArea()
const signal = stopOnSignals(area)
startGuard(area.ledger, area.dir)
await run(area, signal)
