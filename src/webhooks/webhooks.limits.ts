import type { FastifyInstance } from 'fastify'
import { principalOf } from '../shared/http/principal-of.js'
import { type LimitHook, limitBy } from '../shared/http/rate-limit.js'

export interface WebhookLimits {
  /** Each call of it makes a request to a server that the caller names. */
  readonly sendsByUser: LimitHook
}

/** Makes the hooks; the app must have the rate limits by then. */
export const createWebhookLimits = (app: FastifyInstance, sendsPerMinute: number): WebhookLimits => ({
  sendsByUser: limitBy(app, {
    name: 'webhook-sends',
    max: sendsPerMinute,
    windowMs: 60_000,
    keyOf: (request) => principalOf(request).userId,
  }),
})
