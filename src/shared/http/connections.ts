import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface Connections {
  /** From now on each answer tells its client to go: it comes back on another connection, and so to another pod. */
  readonly retire: () => void
  /** Closes all on which no request is being answered, those that never sent one among them. */
  readonly closeUnused: () => void
}

const sendAway = (response: ServerResponse): void => {
  if (!response.headersSent) response.setHeader('connection', 'close')
}

/**
 * Knows which connections are in use. Node's own `closeIdleConnections` overlooks one that never completed
 * a request, such as a browser's pre-connect or a balancer's probe: it would hold up every shutdown.
 */
export const trackConnections = (server: Server): Connections => {
  const inUse = new Map<Socket, Set<ServerResponse>>()
  let retired = false

  server.on('connection', (socket) => {
    inUse.set(socket, new Set())
    socket.once('close', () => inUse.delete(socket))
  })
  // Before the application, which may answer at once.
  server.prependListener('request', ({ socket }, response) => {
    const responses = inUse.get(socket)
    responses?.add(response)
    response.once('close', () => responses?.delete(response))
    if (retired) sendAway(response)
  })

  return {
    retire: () => {
      retired = true
      for (const responses of inUse.values()) for (const response of responses) sendAway(response)
    },
    closeUnused: () => {
      for (const [socket, responses] of inUse) if (responses.size === 0) socket.destroy()
    },
  }
}
