import type { FastifyPluginCallback } from 'fastify'
import { contentRoutes, mediaRoutes } from './content.routes.js'
import { receptionRoutes, type UploadsRoutesOptions, uploadsRoutes } from './uploads.routes.js'

/** Uploads: one's own images, and those of them that are shown to everybody. */
export const uploads: FastifyPluginCallback<UploadsRoutesOptions> = (app, options, done) => {
  app.register(receptionRoutes, { prefix: '/v1/uploads', ...options })
  app.register(uploadsRoutes, { prefix: '/v1/uploads', ...options })
  app.register(contentRoutes, { prefix: '/v1/uploads', ...options })
  app.register(mediaRoutes, { prefix: '/v1/media', ...options })
  done()
}
