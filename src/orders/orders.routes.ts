import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { answerUnlessKnown, mayRevalidate, noteVersion } from '../shared/http/conditional.js'
import { decodeCursor, idOf, toPage } from '../shared/http/pagination.js'
import { principalOf } from '../shared/http/principal-of.js'
import {
  newOrderBody,
  type OrdersQuery,
  orderPage,
  orderParams,
  orderSchema,
  ordersQuery,
} from './orders.schemas.js'
import type { OrdersService } from './orders.service.js'

const tags = ['orders']
const access = 'signed-in'

export interface OrdersRoutesOptions {
  readonly ordersService: OrdersService
}

const filtersOf = (callerId: string, { status, createdAfter, createdBefore, userId }: OrdersQuery) => ({
  list: 'orders',
  caller: callerId,
  status: status?.join() ?? null,
  createdAfter: createdAfter?.toISOString() ?? null,
  createdBefore: createdBefore?.toISOString() ?? null,
  userId: userId ?? null,
})

export const ordersRoutes: FastifyPluginCallbackZod<OrdersRoutesOptions> = (app, { ordersService }, done) => {
  app.post(
    '',
    {
      config: {
        access,
        idempotent: true,
        changes: ({ body }) => ordersService.changesOf(newOrderBody.parse(body)),
      },
      schema: { tags, summary: 'Place an order', body: newOrderBody, response: { 201: orderSchema } },
    },
    async (request, reply) => {
      const order = await ordersService.placeOrder(principalOf(request), request.body)
      reply.code(201).header('location', `/v1/orders/${order.id}`)
      return noteVersion(reply, order)
    },
  )

  app.get(
    '',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Orders, newest first',
        querystring: ordersQuery,
        response: { 200: orderPage },
      },
    },
    async (request) => {
      const caller = principalOf(request)
      const { limit, cursor, status, createdAfter, createdBefore, userId } = request.query
      const filters = filtersOf(caller.userId, request.query)
      const orders = await ordersService.listOrders(caller, {
        userId,
        statuses: status,
        createdAfter,
        createdBefore,
        after: decodeCursor(filters, cursor),
        limit: limit + 1,
      })
      return toPage(filters, limit, orders, idOf)
    },
  )

  app.get(
    '/:id',
    {
      config: { access, conditional: 'if-none-match' },
      schema: { tags, summary: 'An order', params: orderParams, response: { 200: orderSchema } },
    },
    async (request, reply) => {
      const caller = principalOf(request)
      const { id } = request.params
      return answerUnlessKnown(request, mayRevalidate(reply), {
        version: () => ordersService.getVersion(caller, id),
        resource: () => ordersService.getOrder(caller, id),
      })
    },
  )

  done()
}
