import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ADMIN_PATH } from '../shared/http/pages.js'
import { ACCESS_TOKEN_SECONDS, type Principal } from '../shared/principal.js'
import { PAGE_AUDIENCE, type PageAdmin, pageAdminIn } from './auth.claims.js'

const COOKIE = 'unnest_admin'
/** However often the cookie is renewed: after a working day the password is asked for again. */
const MAX_SECONDS = 8 * 3_600
/** Old enough for another one. What is renewed at every request would cost a signature each time. */
const RENEW_AFTER_SECONDS = ACCESS_TOKEN_SECONDS / 2
/** Ours are about 430 characters: what is far longer is not worth parsing. */
const MAX_COOKIE_LENGTH = 2_048

/**
 * What keeps an admin's browser signed in: a cookie with a token that is bound to a session, like an access token, and as
 * short-lived, since that is how long ended sessions are remembered. Its audience is another one, so that neither is
 * good for the other. While the page is used the token is renewed.
 */
export interface PageSessions {
  readonly open: (reply: FastifyReply, principal: Principal) => void
  /** Gives a younger token to whoever has an old one. Only after the session was found to go on. */
  readonly renew: (reply: FastifyReply, admin: PageAdmin) => void
  readonly close: (reply: FastifyReply) => void
  /** Who the cookie speaks for; whether the session goes on is not looked at. @throws Error when it is not ours */
  readonly read: (request: FastifyRequest) => Promise<PageAdmin>
}

/** Makes it possible to read and set cookies; they are parsed only where somebody asks. */
export const registerCookies = async (app: FastifyInstance): Promise<void> => {
  await app.register(cookie, { hook: false })
}

const tokenIn = (request: FastifyRequest): string => {
  const { cookie: header } = request.headers
  const token = header === undefined ? undefined : request.server.parseCookie(header)[COOKIE]
  if (token === undefined || token.length > MAX_COOKIE_LENGTH) throw new Error('no cookie of ours')
  return token
}

const now = (): number => Math.floor(Date.now() / 1_000)

/** @param isProduction then the cookie never travels without TLS, whatever the proxy says of the connection */
export const createPageSessions = (isProduction: boolean): PageSessions => {
  const attributesFor = ({ request }: FastifyReply) => ({
    path: ADMIN_PATH,
    httpOnly: true,
    sameSite: 'strict' as const,
    secure: isProduction || request.protocol === 'https',
  })

  const issue = (reply: FastifyReply, { userId, sessionId, role }: Principal, since: number): void => {
    const payload = { sub: userId, sid: sessionId, role, since }
    const token = reply.server.jwt.sign(payload, { aud: PAGE_AUDIENCE })
    reply.setCookie(COOKIE, token, { ...attributesFor(reply), maxAge: ACCESS_TOKEN_SECONDS })
  }

  return {
    open: (reply, principal) => issue(reply, principal, now()),
    renew: (reply, { principal, issuedAt, since }) => {
      if (now() - issuedAt >= RENEW_AFTER_SECONDS) issue(reply, principal, since)
    },
    close: (reply) => {
      reply.clearCookie(COOKIE, attributesFor(reply))
    },
    read: async (request) => {
      const verify = { allowedAud: PAGE_AUDIENCE, extractToken: tokenIn }
      const admin = pageAdminIn(await request.jwtVerify(verify))
      if (now() - admin.since > MAX_SECONDS) throw new Error('logged in too long ago')
      return admin
    },
  }
}
