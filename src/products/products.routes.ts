import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { noteVersion } from '../shared/http/conditional.js'
import { decodePosition, toPage } from '../shared/http/pagination.js'
import {
  productPage,
  productParams,
  productPositions,
  productSchema,
  productsQuery,
} from './products.schemas.js'
import type { ProductsService } from './products.service.js'
import { LISTS_TAG, productTag } from './products.tags.js'

const tags = ['products']

/** Short: no write of ours reaches the caches of browsers and proxies. */
const cacheControl = 'public, max-age=5, stale-while-revalidate=10'
const kept = { scope: 'shared', cacheControl } as const
const listCache = { ...kept, ttlSeconds: 60, staleSeconds: 10, tags: () => [LISTS_TAG] }
const productCache = {
  ...kept,
  ttlSeconds: 300,
  staleSeconds: 30,
  tags: ({ id = '' }: Readonly<Record<string, string>>) => [productTag(id)],
}

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
      config: { access: 'public', cache: listCache },
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
      config: { access: 'public', conditional: 'if-none-match', cache: productCache },
      schema: { tags, summary: 'A product', params: productParams, response: { 200: productSchema } },
    },
    async (request, reply) => noteVersion(reply, await productsService.getProduct(request.params.id)),
  )

  done()
}
