import type { onRequestAsyncHookHandler } from 'fastify'
import { forbidden, unauthenticated } from '../shared/errors.js'
import type { AccessHooks } from '../shared/http/access.js'
import type { Role } from '../shared/principal.js'

/** Verifies the bearer token and puts the principal on the request. */
const requireSignedIn: onRequestAsyncHookHandler = async (request) => {
  try {
    await request.jwtVerify()
  } catch (cause) {
    // Which check failed is nobody's business but ours.
    request.log.debug({ requestId: request.id, err: cause }, 'access token refused')
    throw unauthenticated({ cause })
  }
  request.principal = request.user
}

const requireRole = (roles: readonly Role[]): onRequestAsyncHookHandler =>
  async function requireOneOf(request, reply) {
    await requireSignedIn.call(this, request, reply)
    if (!request.principal || !roles.includes(request.principal.role)) throw forbidden()
  }

/** The hook of each access policy; chosen once for each route, at boot. */
export const accessHooks: AccessHooks = (access) => {
  if (access === 'public') return undefined
  return access === 'signed-in' ? requireSignedIn : requireRole(access.roles)
}
