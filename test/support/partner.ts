import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Test } from './environment.js'

/** Somebody else's server, in whatever manners, as its own machine sees it. */
export interface Partner {
  readonly port: number
  /** The open ones. */
  readonly sockets: ReadonlySet<Socket>
  /** How many connections there have been. */
  readonly connections: () => number
}

/** Lets the server listen on a free port, or the given one; at the end its connections are cut. */
export const startPartner = async (
  t: Test,
  server: Server,
  host = '127.0.0.1',
  port = 0,
): Promise<Partner> => {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(port, host)
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port: (server.address() as AddressInfo).port, sockets, connections: () => connections }
}
