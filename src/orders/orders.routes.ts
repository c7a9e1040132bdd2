import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { decodeCursor, pageQuery, toPage } from '../shared/http/pagination.js'
import { principalOf } from '../shared/http/principal-of.js'
import { newOrderBody, orderPage, orderParams, orderSchema } from './orders.schemas.js'
import type { OrdersService } from './orders.service.js'

const tags = ['orders']
const config = { access: 'signed-in' } as const

export interface OrdersRoutesOptions {
  readonly ordersService: OrdersService
}

export const ordersRoutes: FastifyPluginCallbackZod<OrdersRoutesOptions> = (app, { ordersService }, done) => {
  app.post(
    '',
    {
      config,
      schema: { tags, summary: 'Place an order', body: newOrderBody, response: { 201: orderSchema } },
    },
    async (request, reply) => {
      const order = await ordersService.placeOrder(principalOf(request), request.body)
      return reply.code(201).header('location', `/v1/orders/${order.id}`).send(order)
    },
  )

  app.get(
    '',
    {
      config,
      schema: { tags, summary: 'Orders, newest first', querystring: pageQuery, response: { 200: orderPage } },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const caller = principalOf(request)
      const filters = { list: 'orders', caller: caller.userId }
      const orders = await ordersService.listOrders(caller, limit + 1, decodeCursor(filters, cursor))
      return toPage(filters, limit, orders)
    },
  )

  app.get(
    '/:id',
    {
      config,
      schema: { tags, summary: 'An order', params: orderParams, response: { 200: orderSchema } },
    },
    (request) => ordersService.getOrder(principalOf(request), request.params.id),
  )

  done()
}
