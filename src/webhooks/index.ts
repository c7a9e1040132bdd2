import type { FastifyPluginCallback } from 'fastify'
import { type DeliveriesRoutesOptions, deliveriesRoutes } from './deliveries.routes.js'
import { type SendsRoutesOptions, sendsRoutes } from './sends.routes.js'
import { createWebhookLimits } from './webhooks.limits.js'
import { type WebhooksRoutesOptions, webhooksRoutes } from './webhooks.routes.js'

interface WebhooksOptions
  extends WebhooksRoutesOptions,
    DeliveriesRoutesOptions,
    Omit<SendsRoutesOptions, 'limits'> {
  /** Test events and redeliveries of one user in a minute. */
  readonly sendsPerMinute: number
}

/** Webhooks: where one's own server is told what happens, and what became of the telling. */
export const webhooks: FastifyPluginCallback<WebhooksOptions> = (
  app,
  { sendsPerMinute, ...options },
  done,
) => {
  const prefix = '/v1/webhooks'
  app.register(webhooksRoutes, { prefix, ...options })
  app.register(deliveriesRoutes, { prefix, ...options })
  app.register(sendsRoutes, { prefix, ...options, limits: createWebhookLimits(app, sendsPerMinute) })
  done()
}
