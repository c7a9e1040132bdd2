import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { originOf } from '../shared/http/origin.js'
import { ACCESS_TOKEN_SECONDS } from '../shared/principal.js'
import type { User } from '../users/users.container.js'
import type { AuthLimits } from './auth.limits.js'
import { accountSchema, loginBody, refreshBody, registerBody, tokensSchema } from './auth.schemas.js'
import type { AuthService, SignedIn } from './auth.service.js'
import { signAccessToken } from './auth.tokens.js'

const tags = ['auth']
const config = { access: 'public' } as const

export interface AuthRoutesOptions {
  readonly authService: AuthService
  readonly limits: AuthLimits
}

export const authRoutes: FastifyPluginCallbackZod<AuthRoutesOptions> = (app, options, done) => {
  const { authService, limits } = options

  const toTokens = ({ principal, refreshToken, refreshExpiresIn }: SignedIn) => ({
    accessToken: signAccessToken(app, principal),
    tokenType: 'Bearer' as const,
    expiresIn: ACCESS_TOKEN_SECONDS,
    refreshToken,
    refreshExpiresIn,
  })

  app.post(
    '/register',
    {
      config,
      onRequest: [limits.requireFreeHashing, limits.registerByAddress],
      preHandler: limits.takeHashingPlace,
      schema: {
        tags,
        summary: 'Create an account',
        body: registerBody,
        response: { 201: accountSchema satisfies z.ZodType<User> },
      },
    },
    async (request, reply) => {
      const user = await authService.register(request.body, originOf(request))
      return reply.code(201).header('location', `/v1/users/${user.id}`).send(user)
    },
  )

  app.post(
    '/login',
    {
      config: { ...config, priority: 'high' },
      onRequest: [limits.requireFreeHashing, limits.logInByAddress],
      preHandler: [limits.takeHashingPlace, limits.logInByAccount],
      schema: { tags, summary: 'Open a session', body: loginBody, response: { 200: tokensSchema } },
    },
    async (request) => toTokens(await authService.logIn(request.body, originOf(request))),
  )

  app.post(
    '/refresh',
    {
      config,
      schema: { tags, summary: 'Go on with a session', body: refreshBody, response: { 200: tokensSchema } },
    },
    async (request) => toTokens(await authService.refresh(request.body.refreshToken, originOf(request))),
  )

  done()
}
