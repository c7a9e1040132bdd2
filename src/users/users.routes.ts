import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { principalOf } from '../shared/http/principal-of.js'
import { profileSchema, userParams, userSchema } from './users.schemas.js'
import type { UsersService } from './users.service.js'

const PROFILE_TTL_SECONDS = 300
const tags = ['users']

export interface UsersRoutesOptions {
  readonly usersService: UsersService
}

export const usersRoutes: FastifyPluginCallbackZod<UsersRoutesOptions> = (app, { usersService }, done) => {
  app.get(
    '/me',
    {
      config: { access: 'signed-in' },
      schema: { tags, summary: 'The caller', response: { 200: userSchema } },
    },
    (request) => usersService.getUser(principalOf(request).userId),
  )

  app.get(
    '/:id',
    {
      config: { access: 'signed-in', cache: { scope: 'shared', ttlSeconds: PROFILE_TTL_SECONDS } },
      schema: { tags, summary: 'A public profile', params: userParams, response: { 200: profileSchema } },
    },
    (request) => usersService.getProfile(request.params.id),
  )

  done()
}
