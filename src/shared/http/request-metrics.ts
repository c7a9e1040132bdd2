import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Histogram, type Registry } from 'prom-client'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** The methods that routes have; a client may write any other. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS'])

export const knownMethod = ({ method }: FastifyRequest): string => (METHODS.has(method) ? method : 'other')

/** Counts requests and times them, by the template of the route, never by the address: that has no bound. */
export const registerRequestMetrics = (app: FastifyInstance, registry: Registry): void => {
  const duration = new Histogram({
    name: 'unnest_http_request_seconds',
    help: 'From the arrival of a request to the end of its answer, by route, method and class of status',
    labelNames: ['route', 'method', 'status'],
    buckets: SECONDS,
    registers: [registry],
  })
  app.addHook('onResponse', (request, reply, done) => {
    const labels = {
      route: request.routeOptions.url ?? 'none',
      method: knownMethod(request),
      status: `${Math.trunc(reply.statusCode / 100)}xx`,
    }
    duration.observe(labels, reply.elapsedTime / 1_000)
    done()
  })
}
