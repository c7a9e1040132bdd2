import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { SessionsService, SessionWatch } from '../sessions/sessions.container.js'
import { DeadlineError, withDeadline } from '../shared/deadline.js'
import { forbidden, unauthenticated, unavailable } from '../shared/errors.js'
import type { AccessHooks } from '../shared/http/access.js'
import type { Principal, Role } from '../shared/principal.js'
import { type Caller, callerIn, type PageAdmin } from './auth.claims.js'
import type { KnownCallers } from './known-callers.js'
import type { PageSessions } from './page-sessions.js'

const ASK_TIMEOUT_MS = 2_000
/** Ours are about 430 characters: what is far longer is not worth parsing. */
const MAX_HEADER_LENGTH = 2_048

export interface AccessNeeds {
  readonly sessionWatch: Pick<SessionWatch, 'verdict'>
  readonly sessionsService: Pick<SessionsService, 'isLive'>
}

/** @throws unauthenticated with the reason for the log: which check failed is nobody's business but ours */
const refuse = (request: FastifyRequest, cause: unknown): never => {
  request.log.debug({ requestId: request.id, err: cause }, 'access token refused')
  throw unauthenticated({ cause })
}

/** Who the bearer token speaks for. @throws unauthenticated */
const authenticate = async (request: FastifyRequest, knownCallers: KnownCallers): Promise<Caller> => {
  const { authorization = '' } = request.headers
  const known = knownCallers.find(authorization)
  if (known) return known
  try {
    if (authorization.length > MAX_HEADER_LENGTH) throw new Error('too long to be ours')
    await request.jwtVerify()
    const caller = callerIn(request.user)
    knownCallers.keep(authorization, caller)
    return caller
  } catch (cause) {
    return refuse(request, cause)
  }
}

/** Makes the hook of each access policy; they are chosen once for each route, at boot. */
export const createAccessHooks = (
  { sessionWatch, sessionsService }: AccessNeeds,
  pageSessions: PageSessions,
  knownCallers: KnownCallers,
): AccessHooks => {
  /** @throws unavailable when Postgres has to be asked and does not answer */
  const askPostgres = async (sessionId: string): Promise<boolean> => {
    try {
      return await withDeadline('the session', ASK_TIMEOUT_MS, sessionsService.isLive(sessionId))
    } catch (error) {
      throw error instanceof DeadlineError ? unavailable({ cause: error }) : error
    }
  }

  const requireLive = async ({ sessionId }: Principal): Promise<void> => {
    const verdict = sessionWatch.verdict(sessionId)
    const isLive = verdict === 'unknown' ? await askPostgres(sessionId) : verdict === 'live'
    if (!isLive) throw unauthenticated()
  }

  /** Verifies the token, sees to it that its session goes on, and puts the principal on the request. */
  const requireSignedIn: onRequestAsyncHookHandler = async (request) => {
    const { principal, expiresAt } = await authenticate(request, knownCallers)
    await requireLive(principal)
    request.principal = principal
    request.tokenExpiresAt = expiresAt
  }

  /** The same for a browser's cookie, and for nothing else: an access token opens no page. */
  const requireAdminPage: onRequestAsyncHookHandler = async (request, reply) => {
    const admin: PageAdmin = await pageSessions.read(request).catch((cause) => refuse(request, cause))
    await requireLive(admin.principal)
    request.principal = admin.principal
    pageSessions.renew(reply, admin)
  }

  const requireRole = (roles: readonly Role[]): onRequestAsyncHookHandler =>
    async function requireOneOf(request, reply) {
      await requireSignedIn.call(this, request, reply)
      if (!request.principal || !roles.includes(request.principal.role)) throw forbidden()
    }

  return (access) => {
    if (access === 'public') return undefined
    if (access === 'admin-page') return requireAdminPage
    return access === 'signed-in' ? requireSignedIn : requireRole(access.roles)
  }
}
