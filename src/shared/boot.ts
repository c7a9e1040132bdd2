import { ConfigError } from './environment.js'
import { serialiseError } from './telemetry/error-serialiser.js'

const messageOf = (error: unknown): string => {
  if (error instanceof ConfigError) return error.message
  if (!(error instanceof Error)) return String(error)
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  if (code === 'EADDRINUSE') return `Port ${port} on ${address} is taken.`
  // A failed query's own message has its parameters: the first admin's address and password hash.
  const { type, message, cause } = serialiseError(error)
  return `${type}: ${message}${cause ? ` (${cause.message})` : ''}`
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** As process 1, which it is in a container, a process never hears of a signal for which it has no handler. */
const exitOnSignal = (): (() => void) => {
  const exit = (): never => process.exit(1)
  for (const signal of SIGNALS) process.on(signal, exit)
  return () => {
    for (const signal of SIGNALS) process.off(signal, exit)
  }
}

/**
 * Runs a process's start; when that fails, says why in one message and exits with 1, without a stack. A signal meanwhile ends it
 * at once: nobody is served yet.
 */
export const boot = async (start: () => Promise<void>): Promise<void> => {
  const started = exitOnSignal()
  try {
    await start()
    started()
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exit(1)
  }
}
