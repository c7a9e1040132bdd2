import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Starts the guard of a ledger (see guard.ts). It ends by itself, so it is in no ledger. */
export const startGuard = (ledger: string, discard?: string): void => {
  const script = fileURLToPath(import.meta.resolve('./guard.ts'))
  const extra = discard === undefined ? [] : ['--discard', discard]
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), script, '--ledger', ledger, ...extra],
    { detached: true, stdio: 'ignore' },
  )
  child.on('error', (error) => console.error(`No guard against a killed launcher: ${error.message}`))
  child.unref()
}
