import type { FastifyInstance } from 'fastify'
import { continueTrace, inTrace, traceIdOf } from '../telemetry/trace.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The W3C trace context of what this request causes: jobs and calls to others carry it on. */
    traceparent: string
  }
}

/**
 * Takes the caller's trace over or begins one. The handler runs inside of it: not earlier, since reading a body leaves
 * the context that the hooks before it ran in.
 */
export const registerTrace = (app: FastifyInstance): void => {
  app.decorateRequest('traceparent', '')
  app.addHook('onRequest', (request, _reply, done) => {
    const { traceparent } = request.headers
    request.traceparent = continueTrace(typeof traceparent === 'string' ? traceparent : undefined)
    done()
  })
  app.addHook('preHandler', (request, _reply, done) => inTrace(request.traceparent, done))
}

/** What the log lines of a request and of its jobs have in common. */
export const traceIdOfRequest = ({ traceparent }: { readonly traceparent: string }): string | undefined =>
  traceIdOf(traceparent)
