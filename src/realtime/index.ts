import type { FastifyPluginCallback } from 'fastify'
import { type RealtimeRoutesOptions, realtimeRoutes } from './realtime.routes.js'

/** Sockets: a user hears of his own events as they happen, on whatever pod. */
export const realtime: FastifyPluginCallback<RealtimeRoutesOptions> = (app, options, done) => {
  app.register(realtimeRoutes, options)
  done()
}
