import { type Logger as PinoLogger, pino } from 'pino'
import { serialiseError } from './error-serialiser.js'

export type Logger = PinoLogger

export interface LoggerOptions {
  readonly level: string
  /** Which process writes: `api`, `worker` or `migrate`. */
  readonly process: string
  /** Where the lines go; standard output if absent. */
  readonly destination?: { write(line: string): void }
}

/**
 * Lines go out together, since a write each costs a request as much as all else of its line; and beside the event loop, which
 * a reader that stands still would stop. What is left is written when the process exits; a kill loses a moment's lines.
 */
const BATCH_BYTES = 4_096
const LONGEST_WAIT_MS = 50
/** Of a reader that stands still; what is beyond is lost, and not the process. */
const MAX_WAITING_BYTES = 16 * 1_048_576

const standardOutput = () =>
  pino.destination({
    dest: 1,
    sync: false,
    minLength: BATCH_BYTES,
    periodicFlush: LONGEST_WAIT_MS,
    maxLength: MAX_WAITING_BYTES,
  })

/** Makes the process's logger: one JSON line an event, to standard output, for machines to collect. */
export const createLogger = ({ level, process: name, destination }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: { process: name, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: serialiseError },
    },
    destination ?? standardOutput(),
  )
