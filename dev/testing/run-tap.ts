import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { startProgram } from '../stack/spawn.js'
import { binary, ROOT } from './checks.js'
import { createTapProgress } from './tap-progress.js'

export interface TapResult {
  readonly passed: number
  readonly failed: number
  readonly exitCode: number
}

/**
 * Runs tap with the options of package.json on the given arguments (test files, or tap's own options), or on all
 * test files. Never "nothing failed" by accident: a run without a single assertion, or one that tap itself calls a
 * failure, counts at least one failure.
 */
export const runTap = async (
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  ledger: string,
): Promise<TapResult> => {
  // More than there are cores: most tests wait for a process or a time limit most of the time.
  const jobs = availableParallelism() + 2
  const { child, ended } = await startProgram({
    name: 'tap',
    role: 'app',
    command: process.execPath,
    args: [binary('tap'), 'run', '--reporter=tap', `--jobs=${jobs}`, ...args],
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    graceMs: 10_000,
    ledger,
  })
  const progress = createTapProgress(console.log)
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', progress.onLine)
  const { code } = await ended
  const { passed, failed } = progress.counts() ?? { passed: 0, failed: 0 }
  if (passed + failed === 0) console.log('No test was run')
  const exitCode = code === 0 && passed + failed === 0 ? 1 : (code ?? 1)
  return { passed, failed: exitCode === 0 ? failed : Math.max(1, failed), exitCode }
}
