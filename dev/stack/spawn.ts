import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { recordProcess } from './ledger.js'
import type { Role } from './ledger-files.js'

export interface Program extends Pick<SpawnOptions, 'cwd' | 'env' | 'stdio' | 'uid' | 'gid' | 'detached'> {
  readonly name: string
  readonly role: Role
  readonly command: string
  readonly args: readonly string[]
  /** How long the program may take to end after a polite signal. */
  readonly graceMs: number
  /** Where to note it; undefined: whoever starts it must end it. */
  readonly ledger: string | undefined
}

export interface Started {
  readonly child: ChildProcess
  readonly pid: number
  /** Resolves once the program has ended and its output is read; never rejects. */
  readonly ended: Promise<Ending>
}

export interface Ending {
  readonly code: number | null
  /** "exit code 1", "signal SIGKILL". */
  readonly text: string
}

/**
 * Starts a program and notes it in the ledger in the same turn, so that no kill -9 can come in between.
 * It leads its own process group unless told otherwise: a terminal's Ctrl-C then reaches the launcher only, which
 * ends everything in order. Rejects when the program cannot be started or the ledger is closed.
 */
export const startProgram = async (program: Program): Promise<Started> => {
  const { name, role, command, args, graceMs, ledger, ...options } = program
  const child = spawn(command, args, { detached: true, ...options })
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, text: signal === null ? `exit code ${code}` : `signal ${signal}` })
    })
  })
  if (child.pid === undefined) {
    const [error] = await once(child, 'error', { signal: AbortSignal.timeout(5_000) }).catch((cause) => [
      cause,
    ])
    throw new Error(`Cannot start ${name} (${command})`, { cause: error })
  }
  child.on('error', () => {
    // Later errors are failed signals; the ledger deals with processes that do not end.
  })
  try {
    if (ledger !== undefined) recordProcess(ledger, { name, role, pid: child.pid, graceMs })
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`${name} was not started: everything is being stopped`, { cause: error })
  }
  return { child, pid: child.pid, ended }
}
