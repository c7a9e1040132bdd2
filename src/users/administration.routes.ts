import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { expectedVersions, noteVersion } from '../shared/http/conditional.js'
import { originOf } from '../shared/http/origin.js'
import { decodeCursor, idOf, toPage } from '../shared/http/pagination.js'
import { principalOf } from '../shared/http/principal-of.js'
import type { AdministrationService } from './administration.service.js'
import {
  managedChangesBody,
  managedUserPage,
  managedUserSchema,
  userParams,
  usersQuery,
} from './users.schemas.js'

const tags = ['users']
const config = { access: { roles: ['admin'] } } as const

export interface AdministrationRoutesOptions {
  readonly administrationService: AdministrationService
}

export const administrationRoutes: FastifyPluginCallbackZod<AdministrationRoutesOptions> = (
  app,
  { administrationService },
  done,
) => {
  app.get(
    '',
    {
      config,
      schema: {
        tags,
        summary: 'Users, newest first',
        querystring: usersQuery,
        response: { 200: managedUserPage },
      },
    },
    async ({ query: { limit, cursor, role, q } }) => {
      const filters = { list: 'users', role: role ?? null, q: q ?? null }
      const after = decodeCursor(filters, cursor)
      const users = await administrationService.listUsers({ role, beginning: q, after, limit: limit + 1 })
      return toPage(filters, limit, users, idOf)
    },
  )

  app.patch(
    '/:id',
    {
      config: { ...config, conditional: 'if-match' },
      schema: {
        tags,
        summary: 'Give or take the admin’s role, disable or enable a user',
        params: userParams,
        body: managedChangesBody,
        response: { 200: managedUserSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const expected = expectedVersions(request)
      const admin = principalOf(request)
      const user = await administrationService.changeUser(
        admin,
        id,
        request.body,
        expected,
        originOf(request),
      )
      return noteVersion(reply, user)
    },
  )

  done()
}
