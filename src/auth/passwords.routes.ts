import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { noContent } from '../shared/http/no-content.js'
import { originOf } from '../shared/http/origin.js'
import { principalOf } from '../shared/http/principal-of.js'
import type { AuthLimits } from './auth.limits.js'
import { changePasswordBody, forgotPasswordBody, promisedSchema, resetPasswordBody } from './auth.schemas.js'
import type { PasswordRecoveryService } from './password-recovery.service.js'
import type { PasswordsService } from './passwords.service.js'

const tags = ['auth']

export interface PasswordsRoutesOptions {
  readonly passwordsService: PasswordsService
  readonly passwordRecoveryService: PasswordRecoveryService
  readonly limits: AuthLimits
}

export const passwordsRoutes: FastifyPluginCallbackZod<PasswordsRoutesOptions> = (app, options, done) => {
  const { passwordsService, passwordRecoveryService, limits } = options

  app.post(
    '/forgot',
    {
      config: { access: 'public' },
      onRequest: limits.forgotByAddress,
      schema: {
        tags,
        summary: 'Mail a token to reset the password with, if the address is somebody’s',
        body: forgotPasswordBody,
        response: { 202: promisedSchema },
      },
    },
    async (request, reply) => {
      await passwordRecoveryService.forgotPassword(request.body.email)
      return reply.code(202).send({ status: 'accepted' })
    },
  )

  app.post(
    '/reset',
    {
      config: { access: 'public', priority: 'high' },
      onRequest: [limits.requireFreeHashing, limits.mailedTokenByAddress],
      preHandler: limits.takeHashingPlace,
      schema: {
        tags,
        summary: 'Set a new password with a mailed token',
        body: resetPasswordBody,
        response: noContent,
      },
    },
    async (request, reply) => {
      await passwordsService.resetPassword(request.body, originOf(request))
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/change',
    {
      config: { access: 'signed-in', priority: 'high' },
      onRequest: limits.requireFreeHashing,
      preHandler: [limits.takeHashingPlace, limits.passwordByUser],
      schema: {
        tags,
        summary: 'Change one’s own password',
        body: changePasswordBody,
        response: noContent,
      },
    },
    async (request, reply) => {
      await passwordsService.changePassword(principalOf(request), request.body, originOf(request))
      return reply.code(204).send(null)
    },
  )

  done()
}
