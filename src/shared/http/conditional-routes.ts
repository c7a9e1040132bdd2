import type { FastifyInstance } from 'fastify'
import { z } from 'zod'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For the document: the route answers with an ETag, and heeds this header. */
    conditional?: 'if-none-match' | 'if-match'
  }
}

const tag = z.string().optional()

const HEADERS = {
  'if-none-match': z.looseObject({
    'if-none-match': tag.meta({ description: 'The ETag of what the client has: 304 if it is still that' }),
  }),
  'if-match': z.looseObject({
    'if-match': tag.meta({
      description: 'The ETag of what the client has seen: 412 if it is not that any more',
    }),
  }),
} as const

/** Tells of conditional requests in the document, at boot. */
export const documentConditional = (app: FastifyInstance): void => {
  app.addHook('onRoute', (route) => {
    const name = route.config?.conditional
    if (name) route.schema = { ...route.schema, headers: HEADERS[name] }
  })
}
