import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { unauthenticated, unavailable } from '../shared/errors.js'
import { principalOf } from '../shared/http/principal-of.js'
import { traceIdOfRequest } from '../shared/http/trace.js'
import { handshakeOf } from '../shared/http/upgrades.js'
import { requireOrigin } from './realtime.hooks.js'
import type { RealtimeHub } from './realtime.hub.js'
import { realtimeQuery } from './realtime.schemas.js'
import { createAcceptor } from './realtime.upgrade.js'

/** What a client that has too many sockets is to wait, in seconds: one of them may have been lost without a word. */
const TOO_MANY_RETRY_AFTER = 30

export interface RealtimeRoutesOptions {
  readonly realtimeHub: Pick<RealtimeHub, 'requireRoom' | 'join'>
  /** Origins whose pages may open sockets. */
  readonly allowedOrigins: readonly string[]
  readonly isDraining: () => boolean
}

const expiryOf = ({ tokenExpiresAt }: FastifyRequest): number => {
  if (tokenExpiresAt === null) throw unauthenticated()
  return tokenExpiresAt
}

export const realtimeRoutes: FastifyPluginCallbackZod<RealtimeRoutesOptions> = (
  app,
  { realtimeHub, allowedOrigins, isDraining },
  done,
) => {
  const accept = createAcceptor()

  app.get(
    '/v1/realtime',
    {
      config: { access: 'signed-in', websocket: true, priority: 'high' },
      onRequest: requireOrigin(allowedOrigins),
      schema: {
        tags: ['realtime'],
        summary: 'One’s own events by WebSocket; without a handshake 426',
        querystring: realtimeQuery,
        response: { 101: z.null().meta({ description: 'The socket is open' }) },
      },
    },
    async (request, reply) => {
      const handshake = handshakeOf(request)
      const principal = principalOf(request)
      const tokenExpiresAt = expiryOf(request)
      const { lastEventId } = request.query
      if (isDraining()) throw unavailable({ detail: 'This pod is shutting down.' })
      // Of a refusal that does not say otherwise.
      reply.header('retry-after', TOO_MANY_RETRY_AFTER)
      realtimeHub.requireRoom(principal.userId)
      const socket = accept(request, reply, handshake)
      if (!socket) return
      const facts = {
        requestId: request.id,
        traceId: traceIdOfRequest(request),
        userId: principal.userId,
      }
      const opened = performance.now()
      realtimeHub.join({
        socket,
        principal,
        tokenExpiresAt,
        lastNumber: lastEventId === undefined ? undefined : Number(lastEventId),
        onClosed: (reason) => {
          const seconds = Math.round((performance.now() - opened) / 1_000)
          app.log.info({ ...facts, reason, seconds }, 'socket closed')
        },
      })
      app.log.info(facts, 'socket opened')
    },
  )

  done()
}
