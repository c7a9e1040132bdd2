import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Area } from './area.js'

/** Linux counts in hundredths of a second, whatever the machine. */
const TICKS_PER_SECOND = 100

/** Megabytes in memory; 0 where there is no /proc, or no such process. */
export const residentMegabytes = (pid: number): number => {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kilobytes ?? 0) / 1_024
  } catch {
    return 0
  }
}

/** Seconds of processor time so far, user and system. */
export const processorSeconds = (pid: number): number => {
  try {
    // The name before the last bracket may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch {
    return 0
  }
}

const childrenOf = (pid: number): number[] => {
  const options = { encoding: 'utf8', timeout: 5_000 } as const
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], options).trim().split('\n')
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number))
  return pairs.filter(([, parent]) => parent === pid).flatMap(([child]) => child ?? [])
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // It ended in the meantime.
  }
}

/** Lets a process stand still, and then its children: it makes no new ones by then. */
export const withFrozen = async (area: Area, pid: number, ms: number): Promise<void> => {
  const freeze = (one: number): void => {
    area.frozen.add(one)
    signal(one, 'SIGSTOP')
  }
  freeze(pid)
  const all = [pid, ...childrenOf(pid)]
  all.forEach(freeze)
  try {
    await wait(ms)
  } finally {
    for (const one of all) {
      signal(one, 'SIGCONT')
      area.frozen.delete(one)
    }
  }
}
