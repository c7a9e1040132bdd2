import { pino } from 'pino'

/**
 * Lines go out together, since a write each costs a request as much as all else of its line; and beside the event loop, which
 * a reader that stands still would stop. What is left is written when the process exits; a kill loses a moment's lines.
 */
const BATCH_BYTES = 4_096
const LONGEST_WAIT_MS = 50
/** Of a reader that stands still; what is beyond is lost, and not the process. */
const MAX_WAITING_BYTES = 16 * 1_048_576
/** For a reader that stands still when the process is to end: what waits for it then is lost. */
const LAST_WRITE_LIMIT_MS = 1_000

export type StandardOutput = ReturnType<typeof pino.destination>

/** Standard output for log lines. It never blocks the event loop, nor the process's end for longer than a second. */
export const openStandardOutput = (processName: string): StandardOutput => {
  let lastTry: number | undefined
  const output = pino.destination({
    dest: 1,
    sync: false,
    minLength: BATCH_BYTES,
    periodicFlush: LONGEST_WAIT_MS,
    maxLength: MAX_WAITING_BYTES,
    retryEAGAIN: () => lastTry === undefined || Date.now() < lastTry,
  })
  const writeAll = output.flushSync.bind(output)
  output.flushSync = () => {
    lastTry = Date.now() + LAST_WRITE_LIMIT_MS
    try {
      writeAll()
    } catch {
      // Nobody reads any more, and there is no other place to say so.
    } finally {
      lastTry = undefined
    }
  }
  reportLosses(output, processName)
  return output
}

/** Says how many lines were lost as soon as one can be written again. */
const reportLosses = (output: StandardOutput, processName: string): void => {
  let lost = 0
  output.on('drop', () => {
    lost += 1
  })
  output.on('drain', () => {
    if (lost === 0) return
    const told = { level: 50, time: new Date().toISOString(), process: processName, pid: process.pid }
    const line = { ...told, lost, msg: 'log lines were lost' }
    lost = 0
    output.write(`${JSON.stringify(line)}\n`)
  })
}
