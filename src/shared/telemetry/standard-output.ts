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

/**
 * Standard output for log lines. It never blocks the event loop, nor the process's end for longer than a second, and nothing that
 * becomes of it ends the process.
 */
export const openStandardOutput = (processName: string): StandardOutput => {
  let lastTry: number | undefined
  makeNonBlocking()
  const output = pino.destination({
    dest: 1,
    sync: false,
    minLength: BATCH_BYTES,
    periodicFlush: LONGEST_WAIT_MS,
    maxLength: MAX_WAITING_BYTES,
    // At any other time the next line or flush tries again, which is sooner than the library's own pause of 100 ms.
    retryEAGAIN: () => lastTry !== undefined && Date.now() < lastTry,
  })
  outliveFailures(output)
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

/**
 * A pipe that a process is given blocks its writers: a thread that waits for a reader who stands still could not be ended, and no
 * process ends before its threads. Node's own stream changes that when it is made; nothing is written to it.
 */
const makeNonBlocking = (): void => {
  void process.stdout
}

/** What could not be written is kept within the limit and tried again, such as on a disk that was full. */
const outliveFailures = (output: StandardOutput): void => {
  // The library's own ends the process by whatever is not a closed pipe.
  output.removeAllListeners('error')
  output.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') return
    output.write = () => true
    output.flushSync = () => {}
  })
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
