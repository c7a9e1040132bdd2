import type { FastifyPluginCallback } from 'fastify'
import { type AdministrationRoutesOptions, administrationRoutes } from './administration.routes.js'
import { type UsersRoutesOptions, usersRoutes } from './users.routes.js'

/** Users: the caller's own record, public profiles, and what admins do with them. */
export const users: FastifyPluginCallback<UsersRoutesOptions & AdministrationRoutesOptions> = (
  app,
  { usersService, administrationService },
  done,
) => {
  app.register(usersRoutes, { prefix: '/v1/users', usersService })
  app.register(administrationRoutes, { prefix: '/v1/users', administrationService })
  done()
}
