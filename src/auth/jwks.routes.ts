import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { PublicKey } from './auth.keys.js'
import { jwksSchema } from './auth.schemas.js'

/** Others may keep the keys for so long: a new key must be listed that much before it signs. */
const MAX_AGE_SECONDS = 300

export interface JwksRoutesOptions {
  readonly publicKeys: readonly PublicKey[]
}

export const jwksRoutes: FastifyPluginCallbackZod<JwksRoutesOptions> = (app, { publicKeys }, done) => {
  app.get(
    '/.well-known/jwks.json',
    {
      config: { access: 'public', envelope: false, priority: 'high' },
      schema: { tags: ['auth'], summary: 'The public signing keys', response: { 200: jwksSchema } },
    },
    async (_request, reply) => {
      reply.header('cache-control', `public, max-age=${MAX_AGE_SECONDS}`)
      return { keys: [...publicKeys] }
    },
  )

  done()
}
