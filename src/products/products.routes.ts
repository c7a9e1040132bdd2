import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { decodeCursor, pageQuery, toPage } from '../shared/http/pagination.js'
import { newProductBody, productPage, productParams, productSchema } from './products.schemas.js'
import type { ProductsService } from './products.service.js'

const tags = ['products']

export interface ProductsRoutesOptions {
  readonly productsService: ProductsService
}

export const productsRoutes: FastifyPluginCallbackZod<ProductsRoutesOptions> = (
  app,
  { productsService },
  done,
) => {
  app.get(
    '',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Products, newest first',
        querystring: pageQuery,
        response: { 200: productPage },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const filters = { list: 'products' }
      const products = await productsService.listProducts(limit + 1, decodeCursor(filters, cursor))
      return toPage(filters, limit, products)
    },
  )

  app.get(
    '/:id',
    {
      config: { access: 'public' },
      schema: { tags, summary: 'A product', params: productParams, response: { 200: productSchema } },
    },
    (request) => productsService.getProduct(request.params.id),
  )

  app.post(
    '',
    {
      config: { access: { roles: ['admin'] } },
      schema: { tags, summary: 'Add a product', body: newProductBody, response: { 201: productSchema } },
    },
    async (request, reply) => {
      const product = await productsService.createProduct(request.body)
      return reply.code(201).header('location', `/v1/products/${product.id}`).send(product)
    },
  )

  done()
}
