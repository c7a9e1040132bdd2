import type { FastifyPluginCallback } from 'fastify'
import { type UsersRoutesOptions, usersRoutes } from './users.routes.js'

/** Users: the caller's own record and public profiles. */
export const users: FastifyPluginCallback<UsersRoutesOptions> = (app, { usersService }, done) => {
  app.register(usersRoutes, { prefix: '/v1/users', usersService })
  done()
}
