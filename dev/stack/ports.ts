import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A TCP port that nobody listens on at this moment. Somebody may take it before its user binds it, so callers that
 * must not fail try again with another one.
 */
export const freePort = async (host = '127.0.0.1'): Promise<number> => {
  const server = createServer()
  server.listen(0, host)
  await once(server, 'listening', { signal: AbortSignal.timeout(5_000) })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('No TCP port to be had')
  return address.port
}

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
