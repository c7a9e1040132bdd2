import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Origin } from '../origin.js'

const MAX_USER_AGENT_LENGTH = 200

/** Without a zone, as link-local addresses have one, and without a port, which some proxies append. */
const bare = (text: string): string =>
  text
    .replace(/^\[(.+)\](?::\d+)?$/, '$1')
    .replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1')
    .replace(/%.*$/, '')

/**
 * The client's address as Postgres' `inet` takes it. A trusted proxy may pass on whatever it was given: what is
 * no address counts as the proxy's own. Null when the socket is gone.
 */
export const clientAddress = (request: FastifyRequest): string | null => {
  const candidates = [request.ip, request.socket.remoteAddress].map((text) => bare(text ?? ''))
  return candidates.find((address) => isIP(address) !== 0) ?? null
}

export const originOf = (request: FastifyRequest): Origin => ({
  address: clientAddress(request),
  userAgent: request.headers['user-agent']?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
  requestId: request.id,
})
