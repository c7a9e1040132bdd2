import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessIdentity } from './processes.js'

export type Role = 'app' | 'redis' | 'postgres'

/** What a ledger says of one process. */
export interface Entry extends ProcessIdentity {
  readonly name: string
  readonly role: Role
  readonly graceMs: number
}

/** Removes an empty ledger; false when there is something in it. */
export const closed = (ledger: string): boolean => {
  try {
    rmdirSync(ledger)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true
    if (hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** The processes that the ledger's files name. */
export const readEntries = (ledger: string): Entry[] =>
  filesOf(ledger).flatMap((file) => readEntry(join(ledger, file)))

const readEntry = (file: string): Entry[] => {
  try {
    return [JSON.parse(readFileSync(file, 'utf8'))]
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    // Its writer was killed in the middle of the write: there is nothing in it to act upon.
    rmSync(file, { force: true })
    return []
  }
}

/** The owners that have a ledger under `base`. */
export const ownersOf = (base: string): ProcessIdentity[] =>
  filesOf(base)
    .filter((name) => /^\d+@/.test(name))
    .map(parseOwner)

const filesOf = (directory: string): string[] => {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

/** The name of an owner's ledger, from which parseOwner reads the owner again. */
export const ownerName = ({ pid, started }: ProcessIdentity): string => `${pid}@${started}`

export const parseOwner = (name: string): ProcessIdentity => {
  const at = name.indexOf('@')
  return { pid: Number(name.slice(0, at)), started: name.slice(at + 1) }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
