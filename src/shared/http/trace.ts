import type { FastifyInstance, FastifyRequest } from 'fastify'
import { continueTrace, inTrace, traceIdOf } from '../telemetry/trace.js'
import type { Tracer } from '../telemetry/tracer.js'
import type { NoteAbandoned } from './abandoned-requests.js'
import { registerRequestSpans } from './request-spans.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The W3C trace context of what this request causes: jobs and calls to others carry it on. */
    traceparent: string
  }
}

/** The caller's own, if it has sent one and no more. */
export const givenTraceparent = ({ headers: { traceparent } }: FastifyRequest): string | undefined =>
  typeof traceparent === 'string' ? traceparent : undefined

/**
 * Takes the caller's trace over or begins one, as a span of it where there is a tracer. The handler runs inside of it: not
 * earlier, since reading a body leaves the context that the hooks before it ran in.
 * @returns who is to be told of a request that was abandoned
 */
export const registerTrace = (app: FastifyInstance, tracer?: Tracer): readonly NoteAbandoned[] => {
  const toTell: NoteAbandoned[] = []
  app.decorateRequest('traceparent', '')
  if (tracer) toTell.push(registerRequestSpans(app, tracer, givenTraceparent))
  else
    app.addHook('onRequest', (request, _reply, done) => {
      request.traceparent = continueTrace(givenTraceparent(request))
      done()
    })
  app.addHook('preHandler', (request, _reply, done) => inTrace(request.traceparent, done))
  return toTell
}

/** What the log lines of a request and of its jobs have in common. */
export const traceIdOfRequest = ({ traceparent }: { readonly traceparent: string }): string | undefined =>
  traceIdOf(traceparent)
