import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { SessionsService, SessionWatch } from '../sessions/sessions.container.js'
import { DeadlineError, withDeadline } from '../shared/deadline.js'
import { forbidden, unauthenticated, unavailable } from '../shared/errors.js'
import type { AccessHooks } from '../shared/http/access.js'
import type { Principal, Role } from '../shared/principal.js'
import { principalIn } from './auth.claims.js'

const ASK_TIMEOUT_MS = 2_000
/** Ours are about 430 characters: what is far longer is not worth parsing. */
const MAX_HEADER_LENGTH = 2_048

export interface AccessNeeds {
  readonly sessionWatch: Pick<SessionWatch, 'verdict'>
  readonly sessionsService: Pick<SessionsService, 'isLive'>
}

/** Who the bearer token speaks for. @throws unauthenticated */
const authenticate = async (request: FastifyRequest): Promise<Principal> => {
  try {
    if ((request.headers.authorization?.length ?? 0) > MAX_HEADER_LENGTH)
      throw new Error('too long to be ours')
    await request.jwtVerify()
    return principalIn(request.user)
  } catch (cause) {
    // Which check failed is nobody's business but ours.
    request.log.debug({ requestId: request.id, err: cause }, 'access token refused')
    throw unauthenticated({ cause })
  }
}

/** Makes the hook of each access policy; they are chosen once for each route, at boot. */
export const createAccessHooks = ({ sessionWatch, sessionsService }: AccessNeeds): AccessHooks => {
  /** @throws unavailable when Postgres has to be asked and does not answer */
  const askPostgres = async (sessionId: string): Promise<boolean> => {
    try {
      return await withDeadline('the session', ASK_TIMEOUT_MS, sessionsService.isLive(sessionId))
    } catch (error) {
      throw error instanceof DeadlineError ? unavailable({ cause: error }) : error
    }
  }

  /** Verifies the token, sees to it that its session goes on, and puts the principal on the request. */
  const requireSignedIn: onRequestAsyncHookHandler = async (request) => {
    const principal = await authenticate(request)
    const verdict = sessionWatch.verdict(principal.sessionId)
    const isLive = verdict === 'unknown' ? await askPostgres(principal.sessionId) : verdict === 'live'
    if (!isLive) throw unauthenticated()
    request.principal = principal
  }

  const requireRole = (roles: readonly Role[]): onRequestAsyncHookHandler =>
    async function requireOneOf(request, reply) {
      await requireSignedIn.call(this, request, reply)
      if (!request.principal || !roles.includes(request.principal.role)) throw forbidden()
    }

  return (access) => {
    if (access === 'public') return undefined
    return access === 'signed-in' ? requireSignedIn : requireRole(access.roles)
  }
}
