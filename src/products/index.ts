import type { FastifyPluginCallback } from 'fastify'
import { catalogueRoutes } from './catalogue.routes.js'
import { type ProductsRoutesOptions, productsRoutes } from './products.routes.js'

/** Products: admins write, everybody reads. */
export const products: FastifyPluginCallback<ProductsRoutesOptions> = (app, options, done) => {
  app.register(productsRoutes, { prefix: '/v1/products', ...options })
  app.register(catalogueRoutes, { prefix: '/v1/products', ...options })
  done()
}
