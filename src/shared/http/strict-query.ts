import type { FastifyInstance } from 'fastify'
import { z } from 'zod'

const nothing = z.strictObject({})

/**
 * A route that declares no query takes none: an unknown parameter is a mistake of the caller, and would
 * otherwise make another cache entry of the same answer.
 */
export const registerStrictQuery = (app: FastifyInstance): void => {
  app.addHook('onRoute', function refuseUnknown(this: FastifyInstance, route) {
    if (this.accessOfSubtree !== undefined || route.schema?.querystring) return
    route.schema = { ...route.schema, querystring: nothing }
  })
}
