import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The core that the server under load is kept on, and the load generator's. */
export interface Pinning {
  readonly server: string
  readonly generator: string
}

/** `0-2,5` as Linux writes it: 0, 1, 2, 5. */
const coresIn = (list: string): string[] =>
  list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, n) => String(first + n))
  })

/** Those that this process may run on. */
export const findCores = (): string[] =>
  coresIn(/^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '')

/** Undefined where there is one core only, or no `taskset` (util-linux). */
export const findPinning = (): Pinning | undefined => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore', timeout: 5_000 })
    const [server, generator] = findCores()
    return server !== undefined && generator !== undefined ? { server, generator } : undefined
  } catch {
    return undefined
  }
}

/** The command that runs another on one core; the process keeps its pid. */
export const onCore = (core: string | undefined, command: string, args: readonly string[]) =>
  core === undefined ? { command, args } : { command: 'taskset', args: ['-c', core, command, ...args] }
