import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { Counter, type Registry } from 'prom-client'
import type { BulkheadLoad } from '../bulkhead.js'
import { type DomainError, unavailable } from '../errors.js'
import { createShedding, LOOK_EVERY_MS, type Priority, type SheddingLimits } from '../limits/shedding.js'
import { continueTrace } from '../telemetry/trace.js'
import { refuseAtOnce } from './error-handler.js'
import { awaitsBody, priorityOf } from './priority.js'
import { givenTraceparent } from './trace.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** It has a place among those that the event loop is at work for. */
    isInLoop: boolean
    /** It has a place among those who use the pool. */
    isInPool: boolean
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

/** Tells `look` how late the event loop is, until the app closes. */
const watchLoop = (app: FastifyInstance, look: (lateMs: number) => void): void => {
  let due = 0
  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', async () => {
    due = performance.now() + LOOK_EVERY_MS
    timer = setInterval(() => {
      const now = performance.now()
      look(Math.max(0, now - due))
      due = now + LOOK_EVERY_MS
    }, LOOK_EVERY_MS).unref()
  })
  app.addHook('onClose', async () => clearInterval(timer))
}

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

/**
 * Refuses with 503 and Retry-After what a busy pod would answer too late, as the first thing that happens to it: by how late the event
 * loop is, and by how long requests wait for a connection. Where the cache may answer, the latter is asked in front of the handler
 * alone: what needs no connection is not refused with a Postgres that is slow or away.
 */
export const registerLoadShedding = (
  app: FastifyInstance,
  { load, poolMax, cacheEnabled, registry }: LoadSheddingNeeds,
): LoadShedding => {
  const loop = createShedding(LOOP)
  const { targetMs, least, most } = POOL
  const pool = createShedding({ targetMs, least: least * poolMax, most: most * poolMax })
  const refused = new Counter({
    name: 'unnest_http_shed_total',
    help: 'Requests that were refused because the event loop was late or the line for a connection long, by the priority of their route',
    labelNames: ['by', 'priority'],
    registers: [registry],
  })
  // Else the first refusals would be no change of anything.
  for (const by of ['loop', 'pool'])
    for (const priority of ['low', 'normal']) refused.inc({ by, priority }, 0)
  const refuse = (by: 'loop' | 'pool', priority: Priority) => {
    refused.inc({ by, priority })
    return overload
  }
  /** Before there is a trace: its line is to have the caller's all the same. A span it is not. */
  const refuseNow = (request: FastifyRequest, reply: FastifyReply, error: DomainError): void => {
    request.traceparent = continueTrace(givenTraceparent(request))
    refuseAtOnce(error, request, reply)
  }

  watchLoop(app, (lateMs) => {
    loop.look(lateMs)
    pool.look(load().longestWaitMs)
  })
  /** Whom the cache may answer is asked at the door of his handler; all others as soon as can be, for a refusal has its price, too. */
  const mayBeKept = ({ routeOptions }: FastifyRequest): boolean =>
    cacheEnabled && routeOptions.config.cache !== undefined
  const enterLoop = (request: FastifyRequest): void => {
    request.isInLoop = true
    loop.enter()
  }
  const enterPool = (request: FastifyRequest): void => {
    request.isInPool = true
    pool.enter()
  }
  const leaveLoop = (request: FastifyRequest): void => {
    if (request.isInLoop) loop.leave()
    request.isInLoop = false
  }
  const leavePool = (request: FastifyRequest): void => {
    if (request.isInPool) pool.leave()
    request.isInPool = false
  }
  app.decorateRequest('isInLoop', false)
  app.decorateRequest('isInPool', false)
  app.decorateRequest('leavePool', function leave(this: FastifyRequest) {
    leavePool(this)
  })
  app.addHook('onRequest', (request, reply, done) => {
    const priority = priorityOf(request.routeOptions)
    if (loop.isFull(priority)) return refuseNow(request, reply, refuse('loop', priority))
    const needsPool = !mayBeKept(request)
    if (needsPool && pool.isFull(priority)) return refuseNow(request, reply, refuse('pool', priority))
    if (priority !== 'high' && !awaitsBody(request)) {
      enterLoop(request)
      // At once: of those who arrive in the same turn all would find the same place free.
      if (needsPool) enterPool(request)
    }
    done()
  })
  // Its body is here, and it is work like any other's.
  app.addHook('preValidation', (request, _reply, done) => {
    if (!request.isInLoop && priorityOf(request.routeOptions) !== 'high') enterLoop(request)
    done()
  })
  // Not when the answer is out, for its reader may be slow, too: a handler that returns its reply waits for him.
  app.addHook('onSend', (request, _reply, _payload, done) => {
    leaveLoop(request)
    leavePool(request)
    done()
  })

  const behindDoor = (handler: RouteHandlerMethod, priority: Priority): RouteHandlerMethod =>
    async function enter(request, reply) {
      if (!request.isInPool) {
        if (pool.isFull(priority)) throw refuse('pool', priority)
        enterPool(request)
      }
      try {
        return await handler.call(this, request, reply)
      } finally {
        leavePool(request)
        // Of whoever is gone no answer may come, and then nothing else gives the place back.
        if (reply.raw.destroyed) leaveLoop(request)
      }
    }
  return {
    guardPool: () =>
      app.addHook('onRoute', (route) => {
        const priority = priorityOf(route)
        if (priority !== 'high') route.handler = behindDoor(route.handler, priority)
      }),
  }
}
