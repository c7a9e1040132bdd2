import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { principalOf } from '../shared/http/principal-of.js'
import type { DeliveriesService } from './deliveries.service.js'
import type { PublicationsService } from './publications.service.js'
import type { WebhookLimits } from './webhooks.limits.js'
import { deliveryDetailSchema, deliveryParams, webhookParams } from './webhooks.schemas.js'

const tags = ['webhooks']
const config = { access: 'signed-in', idempotent: true } as const

export interface SendsRoutesOptions {
  readonly deliveriesService: DeliveriesService
  readonly publicationsService: PublicationsService
  readonly limits: WebhookLimits
}

/** What the owner of a webhook has sent to it by hand. */
export const sendsRoutes: FastifyPluginCallbackZod<SendsRoutesOptions> = (
  app,
  { deliveriesService, publicationsService, limits },
  done,
) => {
  const response = { 202: deliveryDetailSchema }

  app.post(
    '/:id/test',
    {
      config,
      onRequest: limits.sendsByUser,
      schema: { tags, summary: 'Send a test event', params: webhookParams, response },
    },
    async (request, reply) => {
      const { userId } = principalOf(request)
      const { id } = request.params
      const deliveryId = await publicationsService.sendTest(userId, id)
      reply.code(202).header('location', `/v1/webhooks/${id}/deliveries/${deliveryId}`)
      return deliveriesService.getDelivery(userId, id, deliveryId)
    },
  )

  app.post(
    '/:id/deliveries/:deliveryId/redeliver',
    {
      config,
      onRequest: limits.sendsByUser,
      schema: {
        tags,
        summary: 'Send a delivery again, under the same message id',
        params: deliveryParams,
        response,
      },
    },
    async (request, reply) => {
      const { userId } = principalOf(request)
      const { id, deliveryId } = request.params
      await deliveriesService.redeliver(userId, id, deliveryId)
      reply.code(202)
      return deliveriesService.getDelivery(userId, id, deliveryId)
    },
  )

  done()
}
