import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { decodeCursor, idOf, toPage } from '../shared/http/pagination.js'
import { principalOf } from '../shared/http/principal-of.js'
import type { DeliveriesService } from './deliveries.service.js'
import {
  deliveriesQuery,
  deliveryDetailSchema,
  deliveryPage,
  deliveryParams,
  webhookParams,
} from './webhooks.schemas.js'

const tags = ['webhooks']
const config = { access: 'signed-in' } as const

export interface DeliveriesRoutesOptions {
  readonly deliveriesService: DeliveriesService
}

/** What was sent to a webhook, and what it answered. */
export const deliveriesRoutes: FastifyPluginCallbackZod<DeliveriesRoutesOptions> = (
  app,
  { deliveriesService },
  done,
) => {
  app.get(
    '/:id/deliveries',
    {
      config,
      schema: {
        tags,
        summary: 'Deliveries of the last thirty days, newest first',
        params: webhookParams,
        querystring: deliveriesQuery,
        response: { 200: deliveryPage },
      },
    },
    async (request) => {
      const { limit, cursor, status } = request.query
      const { id } = request.params
      const filters = { list: 'deliveries', webhook: id, status: status ?? null }
      const deliveries = await deliveriesService.listDeliveries(principalOf(request).userId, {
        endpointId: id,
        status,
        after: decodeCursor(filters, cursor),
        limit: limit + 1,
      })
      return toPage(filters, limit, deliveries, idOf)
    },
  )

  app.get(
    '/:id/deliveries/:deliveryId',
    {
      config,
      schema: {
        tags,
        summary: 'A delivery, its body and its tries',
        params: deliveryParams,
        response: { 200: deliveryDetailSchema },
      },
    },
    (request) => {
      const { id, deliveryId } = request.params
      return deliveriesService.getDelivery(principalOf(request).userId, id, deliveryId)
    },
  )

  done()
}
