import { once } from 'node:events'
import { join } from 'node:path'
import { startProgram } from '../../dev/stack/spawn.js'
import { ROOT } from '../../dev/testing/checks.js'
import { onCore } from './cores.js'
import { type LoadOrder, type LoadReport, loadReport } from './load.js'
import type { Stage } from './stage.js'

/** Beyond what was ordered: connections are opened, and the last answers waited for. */
const EXTRA_MS = 30_000

export interface LoadGenerator {
  readonly run: (order: LoadOrder) => Promise<LoadReport>
  readonly stop: () => Promise<void>
}

export const startLoadGenerator = async ({ node, pinning, ledger }: Stage): Promise<LoadGenerator> => {
  const program = join(ROOT, 'comparison', 'bench', 'generator.ts')
  const { child, ended } = await startProgram({
    ...onCore(pinning?.generator, node, ['--import=tsx', program]),
    name: 'load generator',
    role: 'app',
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    graceMs: 2_000,
    ledger,
  })
  return {
    run: async (order) => {
      const signal = AbortSignal.timeout(order.seconds * 1_000 + EXTRA_MS)
      const answered = once(child, 'message', { signal })
      child.send(order)
      const [report] = await answered
      return loadReport.parse(report)
    },
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}
