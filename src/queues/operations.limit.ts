import type { FastifyInstance, FastifyRequest } from 'fastify'
import { principalOf } from '../shared/http/principal-of.js'
import { type LimitHook, limitBy } from '../shared/http/rate-limit.js'

/** Each may move ten thousand jobs: more often in a minute is a script that has gone wrong. */
const PER_MINUTE = 30

/** Makes the limit of what one admin does with dead letters, by the API and on the page together. */
export const limitOperations = (app: FastifyInstance): LimitHook => {
  const keyOf = (request: FastifyRequest) => principalOf(request).userId
  return limitBy(app, { name: 'queue-operations', max: PER_MINUTE, windowMs: 60_000, keyOf })
}
