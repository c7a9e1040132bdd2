import type { FastifyRequest } from 'fastify'
import { defineError } from '../errors.js'
import type { Principal } from '../principal.js'

export const unauthenticated = defineError(
  'unauthenticated',
  'unauthenticated',
  'Sign in: the access token is missing, expired or not valid.',
)
export const forbidden = defineError('forbidden', 'forbidden', 'You may not do this.')

/**
 * The caller, for handlers that need one. On a public route there is none, and asking for it answers 401
 * rather than going on without.
 * @throws unauthenticated
 */
export const principalOf = (request: FastifyRequest): Principal => {
  if (!request.principal) throw unauthenticated()
  return request.principal
}
