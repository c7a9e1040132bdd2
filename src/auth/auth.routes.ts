import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import type { User } from '../users/users.container.js'
import { accountSchema, loginBody, registerBody, tokensSchema } from './auth.schemas.js'
import type { AuthService } from './auth.service.js'
import { ACCESS_TOKEN_SECONDS, signAccessToken } from './auth.tokens.js'

const tags = ['auth']
const access = 'public'

export interface AuthRoutesOptions {
  readonly authService: AuthService
}

export const authRoutes: FastifyPluginCallbackZod<AuthRoutesOptions> = (app, { authService }, done) => {
  app.post(
    '/register',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Create an account',
        body: registerBody,
        response: { 201: accountSchema satisfies z.ZodType<User> },
      },
    },
    async (request, reply) => {
      const user = await authService.register(request.body)
      return reply.code(201).header('location', `/v1/users/${user.id}`).send(user)
    },
  )

  app.post(
    '/login',
    {
      config: { access },
      schema: { tags, summary: 'Open a session', body: loginBody, response: { 200: tokensSchema } },
    },
    async (request) => {
      const { principal, refreshToken, refreshExpiresIn } = await authService.logIn(request.body)
      return {
        accessToken: signAccessToken(app, principal),
        tokenType: 'Bearer' as const,
        expiresIn: ACCESS_TOKEN_SECONDS,
        refreshToken,
        refreshExpiresIn,
      }
    },
  )

  done()
}
