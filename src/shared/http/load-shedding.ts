import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { Counter, type Registry } from 'prom-client'
import type { BulkheadLoad } from '../bulkhead.js'
import { unavailable } from '../errors.js'
import { createShedding, LOOK_EVERY_MS, type Priority, type SheddingLimits } from '../limits/shedding.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How soon this route is refused under overload: low for reads and normal for all else, where it does not say. */
    priority?: Priority
  }
  interface FastifyRequest {
    /** It has a place among those that the event loop is at work for. */
    isInLoop: boolean
    /** It has a place among those who use the pool. */
    isInPool: boolean
  }
}

/** Half a turn of the loop, of which a request takes several. */
const LOOP: SheddingLimits = { targetMs: 25, least: 256, most: 1_000 }
/** For each connection. */
const POOL: SheddingLimits = { targetMs: 100, least: 8, most: 25 }

/** One for all: to note where each came from would cost more than what is refused. */
const overload = Object.assign(unavailable({ detail: 'Too much is going on: try again in a moment.' }), {
  stack: '',
})

interface Rank {
  readonly method?: unknown
  readonly config?: { readonly priority?: Priority } | undefined
}

const priorityOf = ({ method, config }: Rank): Priority =>
  config?.priority ?? (method === 'GET' || method === 'HEAD' ? 'low' : 'normal')

/** Its body arrives as slowly as its sender likes, and it takes no place meanwhile. Nobody waits for that of a GET. */
const awaitsBody = ({ method, headers }: FastifyRequest): boolean =>
  method !== 'GET' &&
  method !== 'HEAD' &&
  (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)

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

  watchLoop(app, (lateMs) => {
    loop.look(lateMs)
    pool.look(load().longestWaitMs)
  })
  /** Whom the cache may answer is asked at the door of his handler; all others as soon as can be, for a refusal has its price, too. */
  const mayBeKept = ({ routeOptions }: FastifyRequest): boolean =>
    cacheEnabled && routeOptions.config.cache !== undefined
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
  app.addHook('onRequest', (request, _reply, done) => {
    const priority = priorityOf(request.routeOptions)
    if (loop.isFull(priority)) return done(refuse('loop', priority))
    if (!mayBeKept(request) && pool.isFull(priority)) return done(refuse('pool', priority))
    request.isInLoop = priority !== 'high' && !awaitsBody(request)
    if (request.isInLoop) loop.enter()
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
      if (pool.isFull(priority)) throw refuse('pool', priority)
      pool.enter()
      request.isInPool = true
      try {
        return await handler.call(this, request, reply)
      } finally {
        leavePool(request)
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
