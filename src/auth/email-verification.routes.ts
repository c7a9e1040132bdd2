import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { noContent } from '../shared/http/no-content.js'
import { originOf } from '../shared/http/origin.js'
import { principalOf } from '../shared/http/principal-of.js'
import type { AuthLimits } from './auth.limits.js'
import { promisedSchema, verifyEmailBody } from './auth.schemas.js'
import type { EmailVerificationService } from './email-verification.service.js'

const tags = ['auth']

export interface EmailVerificationRoutesOptions {
  readonly emailVerificationService: EmailVerificationService
  readonly limits: AuthLimits
}

export const emailVerificationRoutes: FastifyPluginCallbackZod<EmailVerificationRoutesOptions> = (
  app,
  { emailVerificationService, limits },
  done,
) => {
  app.post(
    '',
    {
      config: { access: 'public' },
      onRequest: limits.mailedTokenByAddress,
      schema: {
        tags,
        summary: 'Prove an e-mail address with a mailed token',
        body: verifyEmailBody,
        response: noContent,
      },
    },
    async (request, reply) => {
      await emailVerificationService.verifyEmail(request.body.token, originOf(request))
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/resend',
    {
      config: { access: 'signed-in' },
      onRequest: limits.verificationByUser,
      schema: { tags, summary: 'Mail that token again', response: { 202: promisedSchema } },
    },
    async (request, reply) => {
      await emailVerificationService.requestVerification(principalOf(request))
      return reply.code(202).send({ status: 'accepted' })
    },
  )

  done()
}
