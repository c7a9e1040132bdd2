import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { principalOf } from '../shared/http/principal-of.js'
import { deliver } from './uploads.delivery.js'
import { contentQuery, mediaQuery, uploadParams } from './uploads.schemas.js'
import type { UploadsService } from './uploads.service.js'
import { IMAGE_TYPES } from './uploads.variants.js'

const tags = ['uploads']
const YEAR_SECONDS = 31_536_000
const DAY_SECONDS = 86_400
/** An upload's variants are what they are; a public one may also be taken down, which caches learn within a day. */
const PRIVATE = `private, max-age=${YEAR_SECONDS}, immutable`
const PUBLIC = `public, max-age=${DAY_SECONDS}, immutable`

const bytes = z.string().meta({ format: 'binary' })
const image = (types: readonly string[]) => ({
  200: {
    description: 'The image',
    content: Object.fromEntries(types.map((type) => [type, { schema: bytes }])),
  },
})

export interface ContentRoutesOptions {
  readonly uploadsService: UploadsService
}

/** The images themselves, to their owner. */
export const contentRoutes: FastifyPluginAsyncZod<ContentRoutesOptions> = async (app, { uploadsService }) => {
  app.get(
    '/:id/content',
    {
      config: { access: 'signed-in', conditional: 'if-none-match', envelope: false },
      schema: {
        tags,
        summary: 'An upload’s image, once it is ready',
        params: uploadParams,
        querystring: contentQuery,
        response: image(IMAGE_TYPES),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { variant } = request.query
      const found = await uploadsService.findContent(principalOf(request).userId, id)
      const open = () => uploadsService.openVariant(found, variant)
      return deliver(request, reply, { id, variant, caching: PRIVATE, open })
    },
  )
}

/** Avatars and product images, to everybody who has their address. */
export const mediaRoutes: FastifyPluginAsyncZod<ContentRoutesOptions> = async (app, { uploadsService }) => {
  app.get(
    '/:id',
    {
      config: { access: 'public', conditional: 'if-none-match', envelope: false },
      schema: {
        tags,
        summary: 'A public image: an avatar, or a product’s',
        params: uploadParams,
        querystring: mediaQuery,
        response: image(['image/webp']),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { variant } = request.query
      const found = await uploadsService.findMedia(id)
      const open = () => uploadsService.openVariant(found, variant)
      return deliver(request, reply, { id, variant, caching: PUBLIC, open })
    },
  )
}
