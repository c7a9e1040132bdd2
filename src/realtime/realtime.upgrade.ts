import type { FastifyReply, FastifyRequest } from 'fastify'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  BEARER_PROTOCOL,
  endHandshake,
  type Handshake,
  protocolsOf,
  releaseSocket,
} from '../shared/http/upgrades.js'
import { FAREWELL_MS } from './realtime.hub.js'

/** A client has nothing to say. */
const MAX_FRAME_BYTES = 1_024
/** Parts of one message, and pieces in which it arrives: each costs memory of its own. */
const MAX_PARTS = 8

/** @returns undefined when the client has gone meanwhile */
export type AcceptHandshake = (
  request: FastifyRequest,
  reply: FastifyReply,
  handshake: Handshake,
) => WebSocket | undefined

/** Makes what turns a handshake that has passed all checks into a socket, at once. */
export const createAcceptor = (): AcceptHandshake => {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Of messages as short as ours it makes longer ones, and it keeps 64 KB for each socket.
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    maxFragments: MAX_PARTS,
    handleProtocols: (_protocols, request) =>
      protocolsOf(request)[0] === BEARER_PROTOCOL ? BEARER_PROTOCOL : false,
    // Options that the library's types do not know yet.
    ...{ closeTimeout: FAREWELL_MS },
  })
  return (request, reply, handshake) => {
    reply.hijack()
    releaseSocket(handshake, reply.raw)
    let accepted: WebSocket | undefined
    // Calls back before it returns: all that it would refuse was refused before.
    server.handleUpgrade(request.raw, handshake.socket, handshake.head, (socket) => {
      accepted = socket
    })
    endHandshake(reply.raw, accepted !== undefined)
    return accepted
  }
}
