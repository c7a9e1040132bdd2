import type { RunningProcess } from './process.js'

/** How a process ended, and what it had logged by then. */
export interface Ended {
  readonly code: number | null
  /** Milliseconds from the signal to the end. */
  readonly endedAfterMs: number
  readonly log: RunningProcess['log']
}

/** A place that a process holds, and another one after it, as an orchestrator would have it. */
export interface Post<Process extends RunningProcess> {
  /** The last that was ready; it may be dead by now. */
  readonly current: () => Process
  /** Whether that one still lives, as far as we know. */
  readonly isManned: () => boolean
  /** Sends the signal, waits for the end, and starts the next. */
  readonly replace: (signal: NodeJS.Signals) => Promise<Ended>
}

export const createPost = async <Process extends RunningProcess>(
  start: () => Promise<Process>,
): Promise<Post<Process>> => {
  let current = await start()
  let manned = true
  return {
    current: () => current,
    isManned: () => manned,
    replace: async (signal) => {
      const { kill, exit, log } = current
      manned = false
      const signalled = performance.now()
      kill(signal)
      const code = await exit
      const endedAfterMs = Math.round(performance.now() - signalled)
      current = await start()
      manned = true
      return { code, endedAfterMs, log }
    },
  }
}
