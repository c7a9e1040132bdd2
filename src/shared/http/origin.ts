import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Origin } from '../origin.js'

const MAX_USER_AGENT_LENGTH = 200

/** A trusted proxy may pass on whatever it was given, and a link-local address has a zone. */
const toAddress = (ip: string | undefined): string | null => {
  const address = ip?.split('%')[0] ?? ''
  return isIP(address) === 0 ? null : address
}

export const originOf = (request: FastifyRequest): Origin => ({
  address: toAddress(request.ip),
  userAgent: request.headers['user-agent']?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
  requestId: request.id,
})
