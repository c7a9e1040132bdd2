import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { DeadlineError, withDeadline } from '../deadline.js'
import { unavailable } from '../errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Milliseconds, for a handler that itself reads what a slow client sends. */
    deadlineMs?: number
  }
}

/** Below the 5 s in which every request is to be answered, whatever its dependencies do. */
const HANDLER_TIMEOUT_MS = 4_500

/**
 * Whoever asks for what is cached may have waited for somebody else's load before: his time counts from when he came. He sends no
 * body, and cannot be slow.
 */
const isCached = (request: FastifyRequest): boolean => request.routeOptions.config.cache !== undefined

/** The handler within so many milliseconds. @throws unavailable when they are over */
export const limited = (handler: RouteHandlerMethod, ms = HANDLER_TIMEOUT_MS): RouteHandlerMethod =>
  async function answerInTime(request, reply) {
    const { url } = request.routeOptions
    const left = isCached(request) ? ms - reply.elapsedTime : ms
    const answer = Promise.resolve(handler.call(this, request, reply))
    try {
      return await withDeadline(`the handler of ${url}`, left, answer)
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error
      // A handler that returns its reply ends with the last byte, and how long that takes is up to who reads it.
      if (reply.raw.headersSent) return answer
      throw unavailable({ cause: error })
    }
  }

/**
 * Answers 503 when a handler waits too long for what it depends on. The work itself goes on: whether it was
 * done is unknown to the caller then. Fastify's own `handlerTimeout` will not do: it counts the time in
 * which a slow client sends, and forgets its timer as soon as a body was read.
 */
export const registerHandlerDeadline = (app: FastifyInstance): void => {
  app.addHook('onRoute', function limit(this: FastifyInstance, route) {
    if (this.accessOfSubtree !== undefined) return
    route.handler = limited(route.handler, route.config?.deadlineMs)
  })
}
