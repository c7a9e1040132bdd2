import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Histogram, type Registry } from 'prom-client'
import type { NoteAbandoned } from './abandoned-requests.js'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** The methods that routes have; a client may write any other. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS'])

export const knownMethod = ({ method }: FastifyRequest): string => (METHODS.has(method) ? method : 'other')

const labelsOf = (request: FastifyRequest, status: string) => ({
  route: request.routeOptions.url ?? 'none',
  method: knownMethod(request),
  status,
})

/**
 * Counts requests and times them, by the template of the route, never by the address: that has no bound.
 * @returns what counts one that was abandoned
 */
export const registerRequestMetrics = (app: FastifyInstance, registry: Registry): NoteAbandoned => {
  const duration = new Histogram({
    name: 'unnest_http_request_seconds',
    help: 'From the arrival of a request to the end of its answer, by route, method and class of status; abandoned: until its client was gone',
    labelNames: ['route', 'method', 'status'],
    buckets: SECONDS,
    registers: [registry],
  })
  const observe = (request: FastifyRequest, reply: FastifyReply, status: string): void =>
    duration.observe(labelsOf(request, status), reply.elapsedTime / 1_000)
  app.addHook('onResponse', (request, reply, done) => {
    observe(request, reply, `${Math.trunc(reply.statusCode / 100)}xx`)
    done()
  })
  return (request, reply) => observe(request, reply, 'abandoned')
}
