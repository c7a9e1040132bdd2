import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import { registerAccess } from '../shared/http/access.js'
import type { LimitHook } from '../shared/http/rate-limit.js'
import type { PrivateKey } from '../shared/jwk-set.js'
import { type AccessNeeds, createAccessHooks } from './auth.hooks.js'
import { readSigningKeys } from './auth.keys.js'
import { type AuthLimitSettings, createAuthLimits } from './auth.limits.js'
import type { Passwords } from './auth.passwords.js'
import { type AuthRoutesOptions, authRoutes } from './auth.routes.js'
import { registerTokens } from './auth.tokens.js'
import { type EmailVerificationRoutesOptions, emailVerificationRoutes } from './email-verification.routes.js'
import { jwksRoutes } from './jwks.routes.js'
import { type PasswordsRoutesOptions, passwordsRoutes } from './passwords.routes.js'

/** Closes every route that follows to all but those whom its access policy names, and counts whoever knocks. */
export const guardRoutes = async (
  app: FastifyInstance,
  privateKeys: readonly PrivateKey[],
  needs: AccessNeeds,
  limit: LimitHook,
): Promise<void> => {
  await registerTokens(app, readSigningKeys(privateKeys))
  registerAccess(app, createAccessHooks(needs), limit)
}

export interface AuthOptions
  extends Omit<AuthRoutesOptions & PasswordsRoutesOptions & EmailVerificationRoutesOptions, 'limits'> {
  readonly passwords: Passwords
  readonly limitSettings: AuthLimitSettings
  readonly privateKeys: readonly PrivateKey[]
}

/** Accounts, log-in, passwords, and the public keys. */
export const auth: FastifyPluginCallback<AuthOptions> = (app, options, done) => {
  const { authService, passwordsService, passwordRecoveryService, emailVerificationService } = options
  const limits = createAuthLimits(app, options.limitSettings, options.passwords)
  app.register(authRoutes, { prefix: '/v1/auth', authService, limits })
  app.register(passwordsRoutes, {
    prefix: '/v1/auth/password',
    passwordsService,
    passwordRecoveryService,
    limits,
  })
  app.register(emailVerificationRoutes, {
    prefix: '/v1/auth/verify-email',
    emailVerificationService,
    limits,
  })
  app.register(jwksRoutes, { publicKeys: readSigningKeys(options.privateKeys).publicKeys })
  done()
}
