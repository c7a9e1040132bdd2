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
  const known = new WeakSet<Socket>()
  let retired = false

  const responsesOn = (socket: Socket): Set<ServerResponse> => {
    const responses = inUse.get(socket) ?? new Set()
    inUse.set(socket, responses)
    return responses
  }

  server.on('connection', (socket) => {
    const isNew = !known.has(socket)
    known.add(socket)
    responsesOn(socket)
    // Another one is handed back by whoever was offered another protocol on it: see `upgrades.ts`.
    if (isNew) socket.once('close', () => inUse.delete(socket))
  })
  // Before the application, which may answer at once.
  server.prependListener('request', ({ socket }, response) => {
    const responses = responsesOn(socket)
    responses.add(response)
    response.once('close', () => {
      responses.delete(response)
      if (socket.destroyed) inUse.delete(socket)
    })
    if (retired) sendAway(response)
  })
  // Whoever took it over closes it, with a word of farewell.
  server.on('upgrade', ({ socket }) => inUse.delete(socket))

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
