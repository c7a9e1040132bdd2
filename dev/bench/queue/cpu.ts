import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever the machine. */
const MICROSECONDS_PER_TICK = 10_000

interface Usage {
  readonly parent: number
  /** Its ended children's as well. */
  readonly ticks: number
}

const usageOf = (pid: number | string): Usage => {
  try {
    // The name before the last bracket may hold anything; behind it come state, parent, ..., times.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ').map(Number) ?? []
    return { parent: fields[1] ?? 0, ticks: fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) }
  } catch {
    // Ended in the meantime.
    return { parent: 0, ticks: 0 }
  }
}

/** A Postgres is many processes: the server and one for each connection. Our own children count for themselves. */
const ticksOf = (pid: number): number => {
  const names = pid === process.pid ? [] : readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const children = names.map(usageOf).filter(({ parent }) => parent === pid)
  return [usageOf(pid), ...children].reduce((sum, { ticks }) => sum + ticks, 0)
}

/** By name; undefined for a server that somebody else started. */
export type Pids = Readonly<Record<string, number | undefined>>

/** Microseconds of processor time by name, in user and in system mode. */
export type CpuTimes = Readonly<Record<string, number>>

/**
 * What these processes, and their children, have used while `work` ran. On a busy machine it is worth more than the time
 * on the clock, and still a fifth more or less from run to run. Nothing where there is no /proc.
 */
export const withCpuTimes = async <T>(
  pids: Pids,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpu: CpuTimes }> => {
  const known = Object.entries(pids).flatMap(([name, pid]) =>
    pid === undefined || process.platform !== 'linux' ? [] : [{ name, pid, before: ticksOf(pid) }],
  )
  const result = await work()
  const used = known.map(({ name, pid, before }) => [name, (ticksOf(pid) - before) * MICROSECONDS_PER_TICK])
  return { result, cpu: Object.fromEntries(used) }
}
