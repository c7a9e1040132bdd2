import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever the kernel's own clock does. */
const TICK_MICROSECONDS = 10_000

const statOf = (pid: number): readonly string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in brackets and may itself contain spaces and brackets.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Processor time that all threads of a process have had, user and system, in microseconds. Linux only. */
export const cpuOf = (pid: number): number => {
  const [utime, stime] = statOf(pid).slice(11, 13).map(Number)
  return ((utime ?? 0) + (stime ?? 0)) * TICK_MICROSECONDS
}

/** Resident memory of a process, in megabytes. Linux only. */
export const rssOf = (pid: number): number => {
  const [, kibibytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (Number(kibibytes) * 1_024) / 1_000_000
}
