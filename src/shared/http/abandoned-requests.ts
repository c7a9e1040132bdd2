import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Told of a request whose client is gone before its answer was out. */
export type NoteAbandoned = (request: FastifyRequest, reply: FastifyReply) => void

/**
 * Tells of each request that its client has given up, which the framework's hooks do not: `onResponse` comes when an answer is out, and
 * `onRequestAbort` only while a body is being read. What a client had pipelined behind such a request is overlooked.
 */
export const registerAbandonedRequests = (
  app: FastifyInstance,
  listeners: readonly NoteAbandoned[],
): void => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      if (reply.raw.writableFinished) return
      for (const note of listeners) note(request, reply)
    })
    done()
  })
}
