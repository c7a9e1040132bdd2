import { existsSync, readFileSync } from 'node:fs'
import type { Test } from './environment.js'

const POLL_MS = 10
const OWN_CHILDREN = `/proc/self/task/${process.pid}/children`

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}

const isRenderer = (command: string, directory: string): boolean =>
  command.includes('renderer') && command.includes(directory)

/**
 * The renderers that this process has at the moment; none where there is no /proc.
 * @param directory of those alone that write there: other tests run in the same process
 */
export const renderersNow = (directory = ''): readonly string[] =>
  existsSync(OWN_CHILDREN)
    ? read(OWN_CHILDREN)
        .split(' ')
        .filter((pid) => /^\d+$/.test(pid) && isRenderer(read(`/proc/${pid}/cmdline`), directory))
    : []

export interface RendererWatch {
  /** The most that one renderer has had resident so far, in MB. */
  readonly peakMegabytes: () => number
  /** The kernel's limits of the last one seen, as it words them. */
  readonly limits: () => string
}

/** Watches the renderers until the test ends. */
export const watchRenderers = (t: Test): RendererWatch => {
  let [peak, limits] = [0, '']
  const timer = setInterval(() => {
    for (const pid of renderersNow()) {
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0))
      limits = read(`/proc/${pid}/limits`) || limits
    }
  }, POLL_MS)
  t.teardown(() => clearInterval(timer))
  return { peakMegabytes: () => peak / 1_024, limits: () => limits }
}
