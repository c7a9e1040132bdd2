import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { decodePosition, pageQuery, toPage } from '../shared/http/pagination.js'
import { principalOf } from '../shared/http/principal-of.js'
import type { OrdersRoutesOptions } from './orders.routes.js'
import { eventPosition, orderEventPage, orderParams } from './orders.schemas.js'

export const historyRoutes: FastifyPluginCallbackZod<OrdersRoutesOptions> = (
  app,
  { ordersService },
  done,
) => {
  app.get(
    '/:id/events',
    {
      config: { access: 'signed-in' },
      schema: {
        tags: ['orders'],
        summary: 'The history of an order, oldest first',
        params: orderParams,
        querystring: pageQuery,
        response: { 200: orderEventPage },
      },
    },
    async (request) => {
      const { id } = request.params
      const { limit, cursor } = request.query
      const filters = { list: 'order-events', id }
      const [after] = decodePosition(filters, cursor, eventPosition) ?? []
      const events = await ordersService.listEvents(principalOf(request), id, after, limit + 1)
      return toPage(filters, limit, events, ({ version }) => [version])
    },
  )

  done()
}
