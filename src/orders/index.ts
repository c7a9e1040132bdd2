import type { FastifyPluginCallback } from 'fastify'
import { historyRoutes } from './history.routes.js'
import { type OrdersRoutesOptions, ordersRoutes } from './orders.routes.js'
import { type TransitionsRoutesOptions, transitionsRoutes } from './transitions.routes.js'

type OrdersOptions = OrdersRoutesOptions & TransitionsRoutesOptions

/** Orders: one's own, or all for an admin. */
export const orders: FastifyPluginCallback<OrdersOptions> = (app, options, done) => {
  app.register(ordersRoutes, { prefix: '/v1/orders', ...options })
  app.register(transitionsRoutes, { prefix: '/v1/orders', ...options })
  app.register(historyRoutes, { prefix: '/v1/orders', ...options })
  done()
}
