import type { FastifyPluginCallback } from 'fastify'
import { type ProductsRoutesOptions, productsRoutes } from './products.routes.js'

/** Products: admins write, everybody reads. */
export const products: FastifyPluginCallback<ProductsRoutesOptions> = (app, { productsService }, done) => {
  app.register(productsRoutes, { prefix: '/v1/products', productsService })
  done()
}
