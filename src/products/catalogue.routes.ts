import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { expectedVersions, noteVersion } from '../shared/http/conditional.js'
import { noContent } from '../shared/http/no-content.js'
import { originOf } from '../shared/http/origin.js'
import { principalOf } from '../shared/http/principal-of.js'
import type { ProductsRoutesOptions } from './products.routes.js'
import { newProductBody, productChangesBody, productParams, productSchema } from './products.schemas.js'
import type { Editor } from './products.service.js'
import { LISTS_TAG } from './products.tags.js'

const tags = ['products']
const access = { roles: ['admin'] } as const

const editorOf = (request: FastifyRequest): Editor => ({
  principal: principalOf(request),
  origin: originOf(request),
})

/** What admins do with the catalogue. */
export const catalogueRoutes: FastifyPluginCallbackZod<ProductsRoutesOptions> = (
  app,
  { productsService },
  done,
) => {
  app.post(
    '',
    {
      config: { access, idempotent: true, changes: () => [LISTS_TAG] },
      schema: { tags, summary: 'Add a product', body: newProductBody, response: { 201: productSchema } },
    },
    async (request, reply) => {
      const product = await productsService.createProduct(editorOf(request), request.body)
      reply.code(201).header('location', `/v1/products/${product.id}`)
      return noteVersion(reply, product)
    },
  )

  app.patch(
    '/:id',
    {
      config: { access, conditional: 'if-match' },
      schema: {
        tags,
        summary: 'Change a product',
        params: productParams,
        body: productChangesBody,
        response: { 200: productSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const expected = expectedVersions(request)
      return noteVersion(
        reply,
        await productsService.changeProduct(editorOf(request), id, request.body, expected),
      )
    },
  )

  app.delete(
    '/:id',
    {
      config: { access, conditional: 'if-match' },
      schema: { tags, summary: 'Take a product off sale', params: productParams, response: noContent },
    },
    async (request, reply) => {
      const { id } = request.params
      await productsService.withdrawProduct(editorOf(request), id, expectedVersions(request))
      return reply.code(204).send(null)
    },
  )

  done()
}
