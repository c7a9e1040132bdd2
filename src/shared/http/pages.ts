import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestAsyncHookHandler,
  RouteOptions,
} from 'fastify'
import { DomainError, defineError } from '../errors.js'
import { sendProblem } from './error-handler.js'

/** Everything for an admin's browser is below; the cookie travels nowhere else. */
export const ADMIN_PATH = '/admin'
export const LOGIN_PATH = `${ADMIN_PATH}/login`

export const crossSiteRequest = defineError(
  'cross_site_request',
  'forbidden',
  'Only a page of this service may send this.',
)

const SAFE_METHODS = new Set(['GET', 'HEAD'])

const hostOf = (origin: string): string | undefined =>
  URL.canParse(origin) ? new URL(origin).host : undefined

/**
 * Refuses what another site's page makes a browser send. A browser names the sending page's origin with every unsafe
 * method, and no script can change that; so the header must be there, and name this very host. No token in the forms:
 * the one who could read it is on this origin, and passes here as well; and the dashboard's own scripts send none.
 */
const requireSameOrigin: onRequestAsyncHookHandler = async ({ headers, host }) => {
  const site = headers['sec-fetch-site']
  const isOurs = headers.origin !== undefined && hostOf(headers.origin) === host
  if (!isOurs || (site !== undefined && site !== 'same-origin')) throw crossSiteRequest()
}

/** A person in front of a browser, and no script of a page. */
export const wantsPage = ({ headers }: FastifyRequest): boolean =>
  headers.accept?.includes('text/html') ?? false

/** Answers an error of a page: leads a person who is not signed in to the log-in; everybody else gets the problem. */
export const answerPageError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
  const isSignedOut = error instanceof DomainError && error.kind === 'unauthenticated'
  if (isSignedOut && SAFE_METHODS.has(request.method) && wantsPage(request))
    void reply.redirect(LOGIN_PATH, 303)
  else sendProblem(error, request, reply)
}

/** Everything comes from here; no page of another site shows ours, and nothing of ours is kept on the way. */
const headersWith = (styles: string) => ({
  'content-security-policy': [
    "default-src 'none'",
    "base-uri 'self'",
    "connect-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self' data:",
    "script-src 'self'",
    `style-src ${styles}`,
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // Not `no-referrer`: with that a browser sends a form with the origin `null`.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
})

const isUnsafe = ({ method }: RouteOptions): boolean =>
  [method].flat().some((each) => !SAFE_METHODS.has(each))

/**
 * Makes the routes that follow in this subtree pages: with the headers that a page needs, closed to what other sites
 * send, and with a way to the log-in. Who may see them is each route's `access`.
 * @param styles what the policy allows as `style-src`
 */
export const protectPages = (subtree: FastifyInstance, styles: string): void => {
  const headers = headersWith(styles)
  subtree.addHook('onRoute', (route) => {
    if (isUnsafe(route)) route.onRequest = [requireSameOrigin, ...[route.onRequest ?? []].flat()]
    route.errorHandler ??= answerPageError
  })
  subtree.addHook('onSend', async (_request, reply) => {
    reply.headers(headers)
  })
}
