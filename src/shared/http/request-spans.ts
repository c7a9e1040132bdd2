import type { FastifyInstance, FastifyRequest } from 'fastify'
import { inTrace } from '../telemetry/trace.js'
import type { Span, Tracer } from '../telemetry/tracer.js'
import type { NoteAbandoned } from './abandoned-requests.js'
import { knownMethod } from './request-metrics.js'

/** A span begins with the request: the method and the template are all that is known of it, and all that is told. */
const startOf = (request: FastifyRequest) => {
  const method = knownMethod(request)
  const { url: route } = request.routeOptions
  return {
    name: route === undefined ? method : `${method} ${route}`,
    kind: 'server',
    attributes: { 'http.request.method': method, ...(route !== undefined && { 'http.route': route }) },
  } as const
}

/**
 * Makes each request a span, and its trace context that of what the request causes.
 * @returns what ends the span of one that was abandoned
 */
export const registerRequestSpans = (
  app: FastifyInstance,
  tracer: Tracer,
  parentOf: (request: FastifyRequest) => string | undefined,
): NoteAbandoned => {
  const spans = new WeakMap<FastifyRequest, Span>()
  app.addHook('onRequest', (request, _reply, done) => {
    const span = tracer.start(parentOf(request), startOf(request))
    spans.set(request, span)
    request.traceparent = span.traceparent
    // For the hooks before the body is read, which ask Postgres as well.
    inTrace(span.traceparent, done)
  })
  app.addHook('onResponse', (request, { statusCode }, done) => {
    const failure = statusCode >= 500 ? String(statusCode) : undefined
    spans.get(request)?.end({ 'http.response.status_code': statusCode }, failure)
    done()
  })
  return (request) => spans.get(request)?.end({}, 'abandoned')
}
