import type { FastifyPluginCallback } from 'fastify'
import { type OrdersRoutesOptions, ordersRoutes } from './orders.routes.js'

/** Orders: one's own, or all for an admin. */
export const orders: FastifyPluginCallback<OrdersRoutesOptions> = (app, { ordersService }, done) => {
  app.register(ordersRoutes, { prefix: '/v1/orders', ordersService })
  done()
}
