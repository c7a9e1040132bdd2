import type { FastifyPluginCallback } from 'fastify'
import { type SessionsRoutesOptions, sessionsRoutes } from './sessions.routes.js'

/** Sessions: the devices on which the caller is signed in. */
export const sessions: FastifyPluginCallback<SessionsRoutesOptions> = (app, { sessionsService }, done) => {
  app.register(sessionsRoutes, { prefix: '/v1/auth', sessionsService })
  done()
}
