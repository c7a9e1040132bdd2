import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { NoteAbandoned } from './abandoned-requests.js'
import { sendProblem } from './error-handler.js'
import { toProblem } from './problem.js'
import { traceIdOfRequest } from './trace.js'

const factsOf = (request: FastifyRequest, reply: FastifyReply) => ({
  requestId: request.id,
  traceId: traceIdOfRequest(request),
  method: request.method,
  // The template, not the URL: it groups, and it carries no id, token or search term.
  route: request.routeOptions.url ?? null,
  status: reply.statusCode,
  ms: Math.round(reply.elapsedTime * 10) / 10,
  userId: request.principal?.userId,
  cache: reply.getHeader('x-cache'),
})

/** Answers what the router cannot read, e.g. a broken percent-encoding: no hook sees it, so the line is written here. */
export const answerUnroutable = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
  sendProblem(error, request, reply)
  request.server.log.info(factsOf(request, reply), 'request')
}

/**
 * Writes one line a request, when it is answered; a failure of ours stands in the same line.
 * @returns what writes the line of one that was abandoned; if it fails after that, it gets a second one
 */
export const registerRequestLog = (app: FastifyInstance): NoteAbandoned => {
  app.addHook('onResponse', (request, reply, done) => {
    const facts = factsOf(request, reply)
    if (!request.failure) app.log.info(facts, 'request')
    else logFailure(app, facts, request.failure)
    done()
  })
  app.addHook('onError', (request, reply, error, done) => {
    const { status } = toProblem(error)
    if (status >= 500 && request.raw.socket.destroyed)
      logFailure(app, { ...factsOf(request, reply), status }, error)
    done()
  })
  return (request, reply) => {
    const facts = factsOf(request, reply)
    // Nobody was told a status that was not sent yet.
    app.log.info(reply.raw.headersSent ? facts : { ...facts, status: null }, 'request abandoned')
  }
}

const logFailure = (app: FastifyInstance, facts: { readonly status: number }, err: unknown): void => {
  // A dependency that is away is a state; an error that no table knows is a defect.
  if (facts.status === 503) app.log.warn({ ...facts, err }, 'request refused')
  else app.log.error({ ...facts, err }, 'request failed')
}
