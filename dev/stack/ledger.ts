import { mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  closed,
  type Entry,
  ownerName,
  ownersOf,
  parseOwner,
  type Role,
  readEntries,
} from './ledger-files.js'
import { type EndingStep, endProcess, isAlive, type ProcessIdentity, startOf } from './processes.js'

/*
 * The ledger of started processes.
 *
 *   base/<owner pid>@<owner start>/<pid>.json     one file for each process that this owner started
 *
 * One file a process, because several processes write at once (the launcher, and tests that start their own
 * Redis). One directory an owner, so that whoever cleans up after a dead owner cannot hit a living one. An empty
 * directory is removed last; from then on nothing can be recorded there, so nothing can slip through.
 */

/** Applications first, for they still need the services to drain; Postgres last, for it holds the truth. */
const ENDING_ORDER: readonly Role[] = ['app', 'redis', 'postgres']

export interface EndOptions {
  /** Told the names that have just been ended together. */
  readonly onEnded?: (names: readonly string[]) => void
  /** Skips the polite signals. Postgres then recovers from its log at the next start. */
  readonly force?: boolean
}

/** What this process noted itself, by ledger: a user who deletes the data directory must not orphan what runs. */
const remembered = new Map<string, Entry[]>()

/** Thrown when a living launcher already owns the ledgers of this directory. */
export class AlreadyRunningError extends Error {
  readonly pid: number
  constructor(pid: number) {
    super(`another launcher runs here (process ${pid})`)
    this.pid = pid
  }
}

/**
 * Makes this process the only owner under `base` and returns its ledger.
 * Throws AlreadyRunningError while another owner lives; two that start in the same instant may both be refused.
 */
export const claimLedger = (base: string): string => {
  const ledger = join(base, ownerName({ pid: process.pid, started: startOf(process.pid) ?? '' }))
  mkdirSync(ledger, { recursive: true })
  const other = ownersOf(base).find((owner) => owner.pid !== process.pid && isAlive(owner))
  if (other === undefined) return ledger
  rmdirSync(ledger)
  throw new AlreadyRunningError(other.pid)
}

/** The owner that a ledger's directory is named after. */
export const ownerOf = (ledger: string): ProcessIdentity =>
  parseOwner(ledger.slice(ledger.lastIndexOf('/') + 1))

/** Notes a process. Throws when the ledger was closed meanwhile: the caller must then end the process itself. */
export const recordProcess = (ledger: string, entry: Omit<Entry, 'started'>): void => {
  // A process that is gone already needs no record.
  const started = startOf(entry.pid)
  if (started === undefined) return
  const full = { ...entry, started }
  writeFileSync(join(ledger, `${entry.pid}.json`), JSON.stringify(full))
  remembered.set(ledger, [...(remembered.get(ledger) ?? []), full])
}

/** Ends all that a ledger names, in order, and closes it. */
export const endRecorded = async (ledger: string, options: EndOptions = {}): Promise<void> => {
  do {
    for (const role of ENDING_ORDER) {
      const entries = entriesOf(ledger).filter((entry) => entry.role === role)
      const living = entries.filter(isAlive)
      await Promise.all(living.map((entry) => endProcess(entry, stepsFor(entry, options.force ?? false))))
      for (const entry of entries) rmSync(join(ledger, `${entry.pid}.json`), { force: true })
      if (living.length > 0) options.onEnded?.(living.map((entry) => entry.name))
    }
  } while (!closed(ledger))
}

/** Ends what owners that are dead left running under `base`; true when there was something to clean up. */
export const endLeftovers = async (base: string): Promise<boolean> => {
  const dead = ownersOf(base).filter((owner) => !isAlive(owner))
  await Promise.all(dead.map((owner) => endRecorded(join(base, ownerName(owner)))))
  return dead.length > 0
}

const stepsFor = ({ role, graceMs }: Entry, force: boolean): EndingStep[] => {
  const kill: EndingStep = { signal: 'SIGKILL', waitMs: 5_000 }
  if (role === 'postgres') {
    // SIGQUIT makes the server end its children as well, a SIGKILL would leave them behind for a moment.
    const abort: EndingStep = { signal: 'SIGQUIT', waitMs: 5_000 }
    // SIGINT is what `pg_ctl stop -m fast` sends; SIGTERM would wait for clients to go.
    return force ? [abort, kill] : [{ signal: 'SIGINT', waitMs: graceMs }, abort, kill]
  }
  const ask: EndingStep = { signal: 'SIGTERM', waitMs: graceMs }
  if (force) return [kill]
  // Redis forgets a signal that comes while it is still starting.
  return role === 'redis' ? [{ ...ask, waitMs: 1_000 }, ask, kill] : [ask, kill]
}

const entriesOf = (ledger: string): Entry[] => {
  const noted = readEntries(ledger)
  const others = remembered.get(ledger)?.filter(({ pid }) => !noted.some((entry) => entry.pid === pid))
  return [...noted, ...(others ?? [])]
}
