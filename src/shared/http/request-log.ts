import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const factsOf = (request: FastifyRequest, reply: FastifyReply) => ({
  requestId: request.id,
  method: request.method,
  // The template, not the URL: it groups, and it carries no id, token or search term.
  route: request.routeOptions.url ?? null,
  status: reply.statusCode,
  ms: Math.round(reply.elapsedTime * 10) / 10,
  userId: request.principal?.userId,
  cache: reply.getHeader('x-cache'),
})

/** Writes one line a request, when it is answered; a failure of ours stands in the same line. */
export const registerRequestLog = (app: FastifyInstance): void => {
  app.addHook('onResponse', (request, reply, done) => {
    const facts = factsOf(request, reply)
    if (request.failure) app.log.error({ ...facts, err: request.failure }, 'request failed')
    else app.log.info(facts, 'request')
    done()
  })
}
