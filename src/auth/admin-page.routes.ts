import formbody from '@fastify/formbody'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { SessionsService } from '../sessions/sessions.container.js'
import { sendProblem } from '../shared/http/error-handler.js'
import { originOf } from '../shared/http/origin.js'
import { ADMIN_PATH, LOGIN_PATH, protectPages, wantsPage } from '../shared/http/pages.js'
import { principalOf } from '../shared/http/principal-of.js'
import { toProblem } from '../shared/http/problem.js'
import { homePage, logInPage, STYLE_SOURCE } from './admin-page.html.js'
import type { AuthLimits } from './auth.limits.js'
import { loginBody } from './auth.schemas.js'
import type { AuthService } from './auth.service.js'
import type { PageSessions } from './page-sessions.js'

const MAX_FORM_BYTES = 4_096
const HOME_PATH = `${ADMIN_PATH}/queues`
const HTML = 'text/html; charset=utf-8'

/** No part of the contract: these are for people. */
const schema = { hide: true }

export interface AdminPageRoutesOptions {
  readonly authService: AuthService
  readonly sessionsService: Pick<SessionsService, 'endSession'>
  readonly pageSessions: PageSessions
  readonly limits: AuthLimits
}

/** The form again, with the reason above it; a script gets the problem. */
const answerLogInError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
  if (!wantsPage(request)) {
    sendProblem(error, request, reply)
    return
  }
  const { status, headers, body } = toProblem(error)
  if (status >= 500) request.failure = error
  void reply.code(status).headers(headers).type(HTML).send(logInPage(body.detail))
}

/** Log-in and log-out for an admin's browser. */
export const adminPageRoutes: FastifyPluginCallbackZod<AdminPageRoutesOptions> = (app, options, done) => {
  const { authService, sessionsService, pageSessions, limits } = options
  app.removeAllContentTypeParsers()
  app.register(formbody, { bodyLimit: MAX_FORM_BYTES })
  protectPages(app, STYLE_SOURCE)

  app.get('', { config: { access: 'admin-page' }, schema }, (_request, reply) =>
    reply.type(HTML).send(homePage()),
  )

  app.get('/login', { config: { access: 'public' }, schema }, (_request, reply) =>
    reply.type(HTML).send(logInPage()),
  )

  app.post(
    '/login',
    {
      config: { access: 'public', priority: 'high' },
      onRequest: [limits.requireFreeHashing, limits.logInByAddress],
      preHandler: [limits.takeHashingPlace, limits.logInByAccount],
      errorHandler: answerLogInError,
      schema: { ...schema, body: loginBody },
    },
    async (request, reply) => {
      const { principal } = await authService.logInAdmin(request.body, originOf(request))
      pageSessions.open(reply, principal)
      return reply.redirect(HOME_PATH, 303)
    },
  )

  app.post('/logout', { config: { access: 'admin-page' }, schema }, async (request, reply) => {
    const principal = principalOf(request)
    await sessionsService.endSession(principal, principal.sessionId, originOf(request))
    pageSessions.close(reply)
    return reply.redirect(LOGIN_PATH, 303)
  })

  done()
}
