import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { answerVersioned, mayRevalidate } from '../shared/http/conditional.js'
import { decodePosition, toPage } from '../shared/http/pagination.js'
import {
  productPage,
  productParams,
  productPositions,
  productSchema,
  productsQuery,
} from './products.schemas.js'
import type { ProductsService } from './products.service.js'

const tags = ['products']
const config = { access: 'public' } as const

export interface ProductsRoutesOptions {
  readonly productsService: ProductsService
}

/** What everybody may read. */
export const productsRoutes: FastifyPluginCallbackZod<ProductsRoutesOptions> = (
  app,
  { productsService },
  done,
) => {
  app.get(
    '',
    {
      config,
      schema: {
        tags,
        summary: 'Products: full-text search, price range, sorted',
        querystring: productsQuery,
        response: { 200: productPage },
      },
    },
    async ({ query: { limit, cursor, q, minPrice, maxPrice, sort } }) => {
      const filters = {
        list: 'products',
        q: q ?? null,
        minPrice: minPrice ?? null,
        maxPrice: maxPrice ?? null,
        sort,
      }
      const after = decodePosition(filters, cursor, productPositions[sort])
      const products = await productsService.listProducts({
        search: q,
        minPrice,
        maxPrice,
        sort,
        after,
        limit: limit + 1,
      })
      return toPage(filters, limit, products, ({ position }) => position)
    },
  )

  app.get(
    '/:id',
    {
      config: { ...config, conditional: 'if-none-match' },
      schema: { tags, summary: 'A product', params: productParams, response: { 200: productSchema } },
    },
    async (request, reply) =>
      answerVersioned(request, mayRevalidate(reply), await productsService.getProduct(request.params.id)),
  )

  done()
}
