import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { Counter, type Registry } from 'prom-client'
import type { BulkheadLoad } from '../bulkhead.js'
import { type DomainError, unavailable } from '../errors.js'
import type { Priority, SheddingLimits } from '../limits/shedding.js'
import { continueTrace } from '../telemetry/trace.js'
import { refuseAtOnce } from './error-handler.js'
import { watchLoop } from './loop-lateness.js'
import { createPlaces, type Places } from './places.js'
import { awaitsBody, priorityOf } from './priority.js'
import { givenTraceparent } from './trace.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** To be called by a handler that needs no connection from there on and waits for somebody else, such as the storage. */
    leavePool: () => void
  }
}

/** Half a turn of the loop, of which a request takes several. */
const LOOP: SheddingLimits = { targetMs: 25, least: 256, most: 1_000 }
/** For each connection. */
const POOL: SheddingLimits = { targetMs: 100, least: 8, most: 20 }

/** One for all: to note where each came from would cost more than what is refused. */
const overload = Object.assign(unavailable({ detail: 'Too much is going on: try again in a moment.' }), {
  stack: '',
})

export interface LoadSheddingNeeds {
  /** How long those wait who want a connection. */
  readonly load: () => Pick<BulkheadLoad, 'longestWaitMs'>
  readonly poolMax: number
  readonly cacheEnabled: boolean
  readonly registry: Registry
}

export interface LoadShedding {
  /** Gives the routes that are added from here on their door to the pool. */
  readonly guardPool: () => void
}

type Refuse = (by: 'loop' | 'pool', priority: Priority) => DomainError

const createRefuse = (registry: Registry): Refuse => {
  const refused = new Counter({
    name: 'unnest_http_shed_total',
    help: 'Requests that were refused because the event loop was late or the line for a connection long, by the priority of their route',
    labelNames: ['by', 'priority'],
    registers: [registry],
  })
  // Else the first refusals would be no change of anything.
  for (const by of ['loop', 'pool'])
    for (const priority of ['low', 'normal']) refused.inc({ by, priority }, 0)
  return (by, priority) => {
    refused.inc({ by, priority })
    return overload
  }
}

/** Before there is a trace: its line is to have the caller's all the same. A span it is not. */
const refuseNow = (request: FastifyRequest, reply: FastifyReply, error: DomainError): void => {
  request.traceparent = continueTrace(givenTraceparent(request))
  refuseAtOnce(error, request, reply)
}

interface Doors {
  readonly loop: Places
  readonly pool: Places
  readonly refuse: Refuse
}

/**
 * Whom the cache may answer is asked at the door of his handler whether he needs a connection; all others as soon as can be, for a
 * refusal has its price, too.
 */
const guardArrival = (app: FastifyInstance, { loop, pool, refuse }: Doors, cacheEnabled: boolean): void => {
  app.addHook('onRequest', (request, reply, done) => {
    const priority = priorityOf(request.routeOptions)
    if (loop.isFull(priority)) return refuseNow(request, reply, refuse('loop', priority))
    const needsPool = !cacheEnabled || request.routeOptions.config.cache === undefined
    if (needsPool && pool.isFull(priority)) return refuseNow(request, reply, refuse('pool', priority))
    if (priority !== 'high' && !awaitsBody(request)) {
      loop.enter(request)
      // At once: of those who arrive in the same turn all would find the same place free.
      if (needsPool) pool.enter(request)
    }
    done()
  })
  // Its body is here, and it is work like any other's.
  app.addHook('preValidation', (request, _reply, done) => {
    if (priorityOf(request.routeOptions) !== 'high') loop.enter(request)
    done()
  })
  // Not when the answer is out, for its reader may be slow, too: a handler that returns its reply waits for him.
  app.addHook('onSend', (request, _reply, _payload, done) => {
    loop.leave(request)
    pool.leave(request)
    done()
  })
}

const behindDoor = (
  handler: RouteHandlerMethod,
  priority: Priority,
  { loop, pool, refuse }: Doors,
): RouteHandlerMethod =>
  async function enter(request, reply) {
    if (!request.isInPool && pool.isFull(priority)) throw refuse('pool', priority)
    pool.enter(request)
    try {
      return await handler.call(this, request, reply)
    } finally {
      pool.leave(request)
      // Of whoever is gone no answer may come, and then nothing else gives the place back.
      if (reply.raw.destroyed) loop.leave(request)
    }
  }

/**
 * Refuses with 503 and Retry-After what a busy pod would answer too late, as the first thing that happens to it: by how late the event
 * loop is, and by how long requests wait for a connection. Where the cache may answer, the latter is asked in front of the handler
 * alone: what needs no connection is not refused with a Postgres that is slow or away.
 */
export const registerLoadShedding = (
  app: FastifyInstance,
  { load, poolMax, cacheEnabled, registry }: LoadSheddingNeeds,
): LoadShedding => {
  const { targetMs, least, most } = POOL
  const doors: Doors = {
    loop: createPlaces(app, 'isInLoop', LOOP),
    pool: createPlaces(app, 'isInPool', { targetMs, least: least * poolMax, most: most * poolMax }),
    refuse: createRefuse(registry),
  }
  app.decorateRequest('leavePool', function leave(this: FastifyRequest) {
    doors.pool.leave(this)
  })
  watchLoop(app, (lateMs) => {
    doors.loop.look(lateMs)
    doors.pool.look(load().longestWaitMs)
  })
  guardArrival(app, doors, cacheEnabled)
  return {
    guardPool: () =>
      app.addHook('onRoute', (route) => {
        const priority = priorityOf(route)
        if (priority !== 'high') route.handler = behindDoor(route.handler, priority, doors)
      }),
  }
}
