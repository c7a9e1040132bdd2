import { once } from 'node:events'
import { join } from 'node:path'
import { startProgram } from '../../dev/stack/spawn.js'
import { ROOT } from '../../dev/testing/checks.js'
import { endProgram } from './closing.js'
import { onCore } from './cores.js'
import { type LoadOrder, type LoadReport, loadReport } from './load.js'
import type { Stage } from './stage.js'

const NAME = 'load generator'
/** Beyond what was ordered: connections are opened, and the last answers waited for. */
const EXTRA_MS = 30_000
const STOP_LIMIT_MS = 2_000

export interface LoadGenerator {
  readonly run: (order: LoadOrder) => Promise<LoadReport>
  readonly stop: () => Promise<void>
}

export const startLoadGenerator = async ({
  node,
  pinning,
  ledger,
}: Pick<Stage, 'node' | 'pinning'> & { readonly ledger: string | undefined }): Promise<LoadGenerator> => {
  const program = join(ROOT, 'comparison', 'bench', 'generator.ts')
  const started = await startProgram({
    ...onCore(pinning?.generator, node, ['--import=tsx', program]),
    name: NAME,
    role: 'app',
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    graceMs: STOP_LIMIT_MS,
    ledger,
  })
  const { child, ended } = started
  const gone = ended.then(({ text }) => Promise.reject(new Error(`the ${NAME} ended (${text})`)))
  // Whoever waits for a report is told; it also ends when it is stopped.
  gone.catch(() => {})
  return {
    run: async (order) => {
      const over = new AbortController()
      const limit = AbortSignal.timeout(order.seconds * 1_000 + EXTRA_MS)
      const answered = once(child, 'message', { signal: AbortSignal.any([over.signal, limit]) })
      // An order that cannot be sent any more has the same cause, which says more.
      child.send(order, () => {})
      try {
        const [report] = await Promise.race([answered, gone])
        return loadReport.parse(report)
      } finally {
        over.abort()
        answered.catch(() => {})
      }
    },
    stop: () => endProgram(started, { name: NAME, graceMs: STOP_LIMIT_MS }),
  }
}
