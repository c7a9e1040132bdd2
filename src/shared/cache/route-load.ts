import type { FastifyReply } from 'fastify'
import type { Cache, Loaded, Policy } from './cache.js'
import type { Load } from './single-flight.js'

/**
 * A load by the handler of a request. It is over when the handler has ended, not when the client has been answered or is gone:
 * the database works on, and the next one would only add to that.
 */
export interface RouteLoad {
  /** Runs the handler. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>
  /** The request is answered, by a text that is kept if it is worth it. */
  readonly answered: (reply: FastifyReply, payload: unknown) => void
  /** Nobody listens any more. */
  readonly closed: () => void
}

/** Long enough for a crowd that follows a dead link, and short enough for whoever repairs it. */
const NOT_FOUND_SECONDS = 5

/** What is worth keeping of an answer; no other error is, it may pass any moment. */
const loadedOf = (reply: FastifyReply, payload: unknown): Loaded | undefined => {
  const { statusCode: status } = reply
  if (typeof payload !== 'string' || (status !== 200 && status !== 404)) return undefined
  const etag = reply.getHeader('etag')
  return { status, etag: typeof etag === 'string' ? etag : undefined, body: payload }
}

const keepAnswer = (cache: Cache, load: Load, policy: Policy, loaded: Loaded): void =>
  cache.keep(
    load,
    loaded.status === 200 ? policy : { ...policy, ttlSeconds: NOT_FOUND_SECONDS, staleSeconds: 0 },
    loaded,
  )

export const createRouteLoad = (cache: Cache, load: Load, policy: Policy): RouteLoad => {
  let isRunning = false
  let isAnswered = false
  return {
    run: async (work) => {
      isRunning = true
      try {
        return await work()
      } finally {
        isRunning = false
        // By its deadline: what it has brought will never be an answer's text.
        if (isAnswered) load.giveUp()
      }
    },
    answered: (reply, payload) => {
      isAnswered = true
      if (isRunning) return
      const loaded = loadedOf(reply, payload)
      if (loaded) keepAnswer(cache, load, policy, loaded)
      else load.giveUp()
    },
    closed: () => {
      if (!isRunning) load.giveUp()
    },
  }
}
