import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export interface Connections {
  /** Closes all on which no request is being answered, those that never sent one among them. */
  readonly closeUnused: () => void
}

/**
 * Knows which connections are in use. Node's own `closeIdleConnections` overlooks one that never completed
 * a request, such as a browser's pre-connect or a balancer's probe: it would hold up every shutdown.
 */
export const trackConnections = (server: Server): Connections => {
  const inUse = new Map<Socket, number>()
  const count = (socket: Socket, change: number) => inUse.set(socket, (inUse.get(socket) ?? 0) + change)

  server.on('connection', (socket) => {
    count(socket, 0)
    socket.once('close', () => inUse.delete(socket))
  })
  server.on('request', ({ socket }, response) => {
    count(socket, 1)
    response.once('close', () => inUse.has(socket) && count(socket, -1))
  })

  return {
    closeUnused: () => {
      for (const [socket, requests] of inUse) if (requests === 0) socket.destroy()
    },
  }
}
