import { type Logger as PinoLogger, pino } from 'pino'
import { serialiseError } from './error-serialiser.js'
import { openStandardOutput } from './standard-output.js'

export type Logger = PinoLogger

export interface LoggerOptions {
  readonly level: string
  /** Which process writes: `api`, `worker` or `migrate`. */
  readonly process: string
  /** Where the lines go; standard output if absent. */
  readonly destination?: { write(line: string): void }
}

/** Makes the process's logger: one JSON line an event, to standard output, for machines to collect. */
export const createLogger = ({ level, process: name, destination }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: { process: name, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: serialiseError },
    },
    destination ?? openStandardOutput(name),
  )
