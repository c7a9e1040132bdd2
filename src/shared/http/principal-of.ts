import type { FastifyRequest } from 'fastify'
import { unauthenticated } from '../errors.js'
import type { Principal } from '../principal.js'

/**
 * The caller, for handlers that need one. On a public route there is none, and asking for it answers 401
 * rather than going on without.
 * @throws unauthenticated
 */
export const principalOf = (request: FastifyRequest): Principal => {
  if (!request.principal) throw unauthenticated()
  return request.principal
}
