import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createShedding, type Priority, type SheddingLimits } from '../limits/shedding.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** It has a place among those that the event loop is at work for. */
    isInLoop: boolean
    /** It has a place among those who use the pool. */
    isInPool: boolean
  }
}

/** The places of one limit. A request has one of them or none, however often it asks for it or gives it back. */
export interface Places {
  /** See `Shedding.look`. */
  readonly look: (waitedMs: number) => void
  readonly isFull: (priority: Priority) => boolean
  readonly enter: (request: FastifyRequest) => void
  readonly leave: (request: FastifyRequest) => void
}

export const createPlaces = (
  app: FastifyInstance,
  mark: 'isInLoop' | 'isInPool',
  limits: SheddingLimits,
): Places => {
  const { look, isFull, enter, leave } = createShedding(limits)
  app.decorateRequest(mark, false)
  return {
    look,
    isFull,
    enter: (request) => {
      if (!request[mark]) enter()
      request[mark] = true
    },
    leave: (request) => {
      if (request[mark]) leave()
      request[mark] = false
    },
  }
}
