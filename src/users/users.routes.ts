import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { answerVersioned, expectedVersions, noteVersion } from '../shared/http/conditional.js'
import { noContent } from '../shared/http/no-content.js'
import { originOf } from '../shared/http/origin.js'
import { principalOf } from '../shared/http/principal-of.js'
import { ownChangesBody, profileSchema, userParams, userSchema } from './users.schemas.js'
import type { UsersService } from './users.service.js'
import { userTags } from './users.tags.js'

const profileCache = {
  scope: 'shared',
  ttlSeconds: 300,
  staleSeconds: 30,
  tags: ({ id = '' }: Readonly<Record<string, string>>) => userTags(id),
} as const
const tags = ['users']
const read = { access: 'signed-in', conditional: 'if-none-match' } as const
const change = { access: 'signed-in', conditional: 'if-match' } as const

export interface UsersRoutesOptions {
  readonly usersService: UsersService
}

export const usersRoutes: FastifyPluginCallbackZod<UsersRoutesOptions> = (app, { usersService }, done) => {
  app.get(
    '/me',
    { config: read, schema: { tags, summary: 'The caller', response: { 200: userSchema } } },
    async (request, reply) =>
      answerVersioned(request, reply, await usersService.getUser(principalOf(request).userId)),
  )

  app.patch(
    '/me',
    {
      config: change,
      schema: {
        tags,
        summary: 'Change one’s own record',
        body: ownChangesBody,
        response: { 200: userSchema },
      },
    },
    async (request, reply) => {
      const owner = principalOf(request)
      const expected = expectedVersions(request)
      const user = await usersService.changeOwnRecord(owner, request.body, expected, originOf(request))
      return noteVersion(reply, user)
    },
  )

  app.delete(
    '/me',
    { config: change, schema: { tags, summary: 'Delete one’s own account', response: noContent } },
    async (request, reply) => {
      const owner = principalOf(request)
      await usersService.deleteOwnAccount(owner, expectedVersions(request), originOf(request))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/:id',
    {
      config: { access: 'signed-in', cache: profileCache },
      schema: { tags, summary: 'A public profile', params: userParams, response: { 200: profileSchema } },
    },
    (request) => usersService.getProfile(request.params.id),
  )

  done()
}
