import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A pid alone may be reused; together with the moment of its start it names one process for good. */
export interface ProcessIdentity {
  readonly pid: number
  readonly started: string
}

/** One attempt at ending a process: the signal, and how long to wait for its effect. */
export interface EndingStep {
  readonly signal: NodeJS.Signals
  readonly waitMs: number
}

/**
 * When the system started this process, as text fit for a file name; undefined when the process is gone.
 * A zombie counts as gone: in a container nobody may ever reap it.
 */
export const startOf = (pid: number): string | undefined =>
  existsSync('/proc/self/stat') ? startFromProc(pid) : startFromPs(pid)

export const isAlive = ({ pid, started }: ProcessIdentity): boolean => startOf(pid) === started

/** The command line of a process, empty when it is gone. */
export const commandOf = (pid: number): string => {
  try {
    if (existsSync('/proc/self/cmdline')) {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    }
    return ps(pid, 'command=')
  } catch {
    return ''
  }
}

/** Polls a condition; false when it did not hold within the limit. Its own errors reject. */
export const waitUntil = async (
  condition: () => boolean | Promise<boolean>,
  limitMs: number,
  everyMs = 50,
): Promise<boolean> => {
  const deadline = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() >= deadline) return false
    await sleep(everyMs)
  }
  return true
}

/** Ends a process step by step, from polite to rough. Leaves another process with the same pid alone. */
export const endProcess = async (identity: ProcessIdentity, steps: readonly EndingStep[]): Promise<void> => {
  for (const { signal, waitMs } of steps) {
    if (!isAlive(identity)) return
    send(identity.pid, signal)
    if (await waitUntil(() => !isAlive(identity), waitMs)) return
  }
}

const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself since we looked.
  }
}

/** Field 22 counts clock ticks since boot, so it needs the boot's id to be unique across reboots. */
const startFromProc = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets and may itself contain spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${fields[19]}-${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`
  } catch {
    return undefined
  }
}

const startFromPs = (pid: number): string | undefined => {
  try {
    const answer = ps(pid, 'stat=,lstart=')
    return answer === '' || answer.startsWith('Z') ? undefined : afterStatus(answer)
  } catch {
    return undefined
  }
}

/** The status column changes while the process lives; the rest of the line does not. */
const afterStatus = (line: string): string => line.replace(/^\S+\s+/, '').replaceAll(/[^A-Za-z0-9]+/g, '_')

const ps = (pid: number, columns: string): string =>
  execFileSync('ps', ['-o', columns, '-p', String(pid)], {
    encoding: 'utf8',
    timeout: 5_000,
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
