import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { discard } from '../stack/discard.js'
import { claimLedger, endRecorded } from '../stack/ledger.js'
import { startGuard } from '../stack/watch.js'

/** A folder, and the processes that were started for what is in it. */
export interface Area {
  readonly dir: string
  readonly ledger: string
  /** Processes that stand still now: none of them would hear that it is to end. */
  readonly frozen: Set<number>
  /** Ends the processes and removes the folder; once, however often it is called. */
  readonly close: () => Promise<void>
}

const thaw = (pid: number): void => {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // It is gone.
  }
}

export const createArea = (): Area => {
  const dir = mkdtempSync(join(tmpdir(), 'unnest-fleet-'))
  // As root, user postgres must get through to the cluster.
  chmodSync(dir, 0o711)
  const ledger = claimLedger(join(dir, 'run'))
  startGuard(ledger, dir)
  const frozen = new Set<number>()
  let closing: Promise<void> | undefined
  const end = async (): Promise<void> => {
    for (const pid of frozen) thaw(pid)
    await endRecorded(ledger)
    discard(dir)
  }
  const close = (): Promise<void> => {
    closing ??= end()
    return closing
  }
  return { dir, ledger, frozen, close }
}
