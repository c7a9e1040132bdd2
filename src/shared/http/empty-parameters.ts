import type { FastifyInstance, onRequestHookHandler } from 'fastify'
import { notFound } from '../errors.js'

const refuseEmpty: onRequestHookHandler = ({ params }, _reply, done) => {
  // What the router found in the path; its type is open until the route's schema has judged it.
  if (Object.values(params as Record<string, string>).includes('')) return done(notFound())
  done()
}

/**
 * Answers 404 where a parameter of the path is empty: to the router `/v1/products/` is `/v1/products/:id`, to everybody else
 * it is an address that does not exist. Call it after the access guard, to answer before it, as other unknown addresses do.
 */
export const refuseEmptyParameters = (app: FastifyInstance): void => {
  app.addHook('onRoute', (route) => {
    if (route.url.includes(':')) route.onRequest = [refuseEmpty, ...[route.onRequest ?? []].flat()]
  })
}
