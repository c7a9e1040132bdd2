import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startProgram } from '../stack/spawn.js'
import type { Sample } from './figures.js'
import { type Effects, type LoadOrder, report } from './protocol.js'

const START_LIMIT_MS = 30_000
const SETTLE_LIMIT_MS = 90_000

/** Starts the load generator, which asks from then on. @throws Error when it does not begin */
export const startLoad = async (ledger: string, order: LoadOrder) => {
  const { child, ended } = await startProgram({
    ...{ name: 'load', role: 'app', command: process.execPath, graceMs: 5_000, ledger },
    args: ['--import', 'tsx', fileURLToPath(import.meta.resolve('./load.ts')), JSON.stringify(order)],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const samples: Sample[] = []
  let effects: Effects | undefined
  child.on('message', (message) => {
    const said = report.parse(message)
    if (said.kind === 'samples') samples.push(...said.samples)
    else effects = said
  })
  // Not its end, which may be heard of before the last thing that it said.
  const silent = once(child, 'disconnect')
  const finish = async (): Promise<Effects> => {
    child.send('stop')
    await Promise.race([silent, wait(SETTLE_LIMIT_MS, undefined, { ref: false })])
    if (effects === undefined) throw new Error('the load generator did not report')
    await ended
    return effects
  }
  await once(child, 'message', { signal: AbortSignal.timeout(START_LIMIT_MS) })
  return { samples, finish }
}
