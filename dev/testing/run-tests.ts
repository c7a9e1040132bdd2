import { createInterface } from 'node:readline'
import { startProgram } from '../stack/spawn.js'
import { argumentsFor } from './bundle.js'
import { ROOT, reportStep } from './checks.js'
import { BESIDE } from './groups.js'
import { readTap } from './tap-output.js'

/*
 * Not with `tap run`: it puts a loader into every process that a test starts, which makes each server half a second
 * slower than the same in production. A test file is a program that prints TAP, and needs no more than to be run.
 */

export interface Counts {
  readonly passed: number
  readonly failed: number
}

export interface RunOptions {
  readonly jobs: number
  readonly timeoutSeconds: number
  readonly env: NodeJS.ProcessEnv
  readonly ledger: string
  /** What takes the place of one job until it ends. */
  readonly checks: Promise<unknown>
  /** Once aborted, nothing more is begun. */
  readonly signal: AbortSignal
}

/** After its time limit tap says what it waits for and ends the process within 10 s; then we do. */
const GRACE_MS = 20_000

/** Runs each test file in a process of its own, some at a time and some beside, each reported as it ends. */
export const runTests = async (files: readonly string[], options: RunOptions): Promise<Counts> => {
  const waiting = files.filter((file) => !BESIDE.has(file))
  let [passed, failed] = [0, 0]
  const run = async (file: string): Promise<void> => {
    const counts = await runTest(file, options)
    passed += counts.passed
    failed += counts.failed
  }
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file && !options.signal.aborted; file = waiting.shift()) await run(file)
  }
  const beside = files.filter((file) => BESIDE.has(file)).map(run)
  const others = Array.from({ length: options.jobs - 1 }, work)
  await Promise.all([options.checks.then(work), ...others, ...beside])
  if (passed + failed > 0) return { passed, failed }
  console.log('No test was run')
  return { passed, failed: 1 }
}

/** Never "nothing failed" by accident: a process that ends too soon, or without a test, is one failure. */
const runTest = async (file: string, options: RunOptions): Promise<Counts> => {
  const begun = Date.now()
  const { lines, ending } = await outputOf(file, options)
  const { complete, passed, failed, figures, failures } = readTap(lines)
  const ok = ending === 'exit code 0' && complete && failed === 0
  for (const figure of figures) console.log(`        ${figure}`)
  reportStep(file, ok, begun)
  const details = [...failures, complete ? ending : `no complete test run, ${ending}`]
  if (!ok) for (const line of details) console.log(`    ${line}`)
  return { passed, failed: ok ? 0 : Math.max(1, failed) }
}

const outputOf = async (file: string, { timeoutSeconds, env, ledger }: RunOptions) => {
  const { child, ended } = await startProgram({
    name: file,
    role: 'app',
    command: process.execPath,
    args: argumentsFor(file),
    cwd: ROOT,
    env: { ...env, TAP_TIMEOUT: String(timeoutSeconds) },
    stdio: ['ignore', 'pipe', 'inherit'],
    graceMs: 2_000,
    ledger,
  })
  const lines: string[] = []
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutSeconds * 1_000 + GRACE_MS)
  const { text } = await ended
  clearTimeout(timer)
  return { lines, ending: text }
}
