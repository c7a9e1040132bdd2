import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { noContent } from '../shared/http/no-content.js'
import { originOf } from '../shared/http/origin.js'
import { decodeCursor, idOf, pageQuery, toPage } from '../shared/http/pagination.js'
import { principalOf } from '../shared/http/principal-of.js'
import { sessionPage, sessionParams } from './sessions.schemas.js'
import type { SessionsService } from './sessions.service.js'

const tags = ['auth']
const config = { access: 'signed-in' } as const
/** Whoever fears for his account waits for no quieter hour. */
const ending = { ...config, priority: 'high' } as const

export interface SessionsRoutesOptions {
  readonly sessionsService: SessionsService
}

export const sessionsRoutes: FastifyPluginCallbackZod<SessionsRoutesOptions> = (
  app,
  { sessionsService },
  done,
) => {
  app.post(
    '/logout',
    { config: ending, schema: { tags, summary: 'End this session', response: noContent } },
    async (request, reply) => {
      const principal = principalOf(request)
      await sessionsService.endSession(principal, principal.sessionId, originOf(request))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/sessions',
    {
      config,
      schema: {
        tags,
        summary: 'Own live sessions, newest first',
        querystring: pageQuery,
        response: { 200: sessionPage },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const owner = principalOf(request)
      const filters = { list: 'sessions', caller: owner.userId }
      const sessions = await sessionsService.listSessions(owner, limit + 1, decodeCursor(filters, cursor))
      return toPage(filters, limit, sessions, idOf)
    },
  )

  app.delete(
    '/sessions/:id',
    {
      config: ending,
      schema: { tags, summary: 'End one of one’s own sessions', params: sessionParams, response: noContent },
    },
    async (request, reply) => {
      await sessionsService.endSession(principalOf(request), request.params.id, originOf(request))
      return reply.code(204).send(null)
    },
  )

  done()
}
