import type { FastifyInstance, RouteHandlerMethod } from 'fastify'
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
/** Whoever asks for what is cached may have waited for somebody else's load before, for a second, and for a slow Redis. */
const CACHED_HANDLER_TIMEOUT_MS = 3_200

/** The handler within so many milliseconds. @throws unavailable when they are over */
export const limited = (handler: RouteHandlerMethod, ms = HANDLER_TIMEOUT_MS): RouteHandlerMethod =>
  async function answerInTime(request, reply) {
    const { url } = request.routeOptions
    try {
      const answer = Promise.resolve(handler.call(this, request, reply))
      return await withDeadline(`the handler of ${url}`, ms, answer)
    } catch (error) {
      throw error instanceof DeadlineError ? unavailable({ cause: error }) : error
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
    const usual = route.config?.cache ? CACHED_HANDLER_TIMEOUT_MS : HANDLER_TIMEOUT_MS
    route.handler = limited(route.handler, route.config?.deadlineMs ?? usual)
  })
}
