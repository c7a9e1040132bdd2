import { ConfigError } from './config.js'

const messageOf = (error: unknown): string => {
  if (error instanceof ConfigError) return error.message
  if (!(error instanceof Error)) return String(error)
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  return code === 'EADDRINUSE' ? `Port ${port} on ${address} is taken.` : `${error.name}: ${error.message}`
}

/** Runs a process's start; when that fails, says why in one message and exits with 1, without a stack. */
export const boot = async (start: () => Promise<void>): Promise<void> => {
  try {
    await start()
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exit(1)
  }
}
