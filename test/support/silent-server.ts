import { createServer, type Socket } from 'node:net'
import type { Test } from './environment.js'

export interface SilentServer {
  readonly port: number
  /** Ends every connection: call it at the end of a test, so that nobody's close waits for an answer. */
  readonly stop: () => void
}

/** A server that accepts and never says a word, like a machine that hangs. */
export const startSilentServer = async (t: Test): Promise<SilentServer> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(stop)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return { port: address.port, stop }
}
