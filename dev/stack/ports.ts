import { once } from 'node:events'
import { createServer } from 'node:net'

/** Why one cannot listen there: the system's error code (EADDRINUSE, EACCES, ...), or undefined when one can. */
export const bindFailure = async (host: string, port: number): Promise<string | undefined> => {
  const server = createServer()
  server.listen(port, host)
  try {
    await once(server, 'listening', { signal: AbortSignal.timeout(5_000) })
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

/** Below the ports that systems give out by themselves: whoever asks for any port gets none of these. */
const LOWEST = 20_000
const HIGHEST = 32_000
const TRIES = 100

/**
 * A TCP port that nobody listens on at this moment. Somebody may take it before its user binds it, so callers that
 * must not fail try again with another one.
 */
export const freePort = async (host = '127.0.0.1'): Promise<number> => {
  for (let n = 0; n < TRIES; n += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if ((await bindFailure(host, port)) === undefined) return port
  }
  throw new Error('No TCP port to be had')
}
