import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import { registerAccess } from '../shared/http/access.js'
import { ADMIN_PATH } from '../shared/http/pages.js'
import type { LimitHook } from '../shared/http/rate-limit.js'
import type { PrivateKey } from '../shared/jwk-set.js'
import { type AdminPageRoutesOptions, adminPageRoutes } from './admin-page.routes.js'
import { type AccessNeeds, createAccessHooks } from './auth.hooks.js'
import { readSigningKeys } from './auth.keys.js'
import { type AuthLimitSettings, createAuthLimits } from './auth.limits.js'
import type { Passwords } from './auth.passwords.js'
import { type AuthRoutesOptions, authRoutes } from './auth.routes.js'
import { registerTokens } from './auth.tokens.js'
import { type EmailVerificationRoutesOptions, emailVerificationRoutes } from './email-verification.routes.js'
import { jwksRoutes } from './jwks.routes.js'
import { createKnownCallers } from './known-callers.js'
import { createPageSessions, registerCookies } from './page-sessions.js'
import { type PasswordsRoutesOptions, passwordsRoutes } from './passwords.routes.js'

export interface GuardSettings {
  readonly privateKeys: readonly PrivateKey[]
  /** Then cookies want TLS, whatever a proxy says. */
  readonly isProduction: boolean
}

/** Closes every route that follows to all but those whom its access policy names, and counts whoever knocks. */
export const guardRoutes = async (
  app: FastifyInstance,
  { privateKeys, isProduction }: GuardSettings,
  needs: AccessNeeds,
  limit: LimitHook,
): Promise<void> => {
  await registerTokens(app, readSigningKeys(privateKeys))
  await registerCookies(app)
  registerAccess(app, createAccessHooks(needs, createPageSessions(isProduction), createKnownCallers()), limit)
}

type RoutesOptions = AuthRoutesOptions &
  PasswordsRoutesOptions &
  EmailVerificationRoutesOptions &
  AdminPageRoutesOptions

export interface AuthOptions extends Omit<RoutesOptions, 'limits' | 'pageSessions'>, GuardSettings {
  readonly passwords: Passwords
  readonly limitSettings: AuthLimitSettings
}

/** Accounts, log-in by API and by form, passwords, and the public keys. */
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
  app.register(adminPageRoutes, {
    prefix: ADMIN_PATH,
    authService,
    sessionsService: options.sessionsService,
    pageSessions: createPageSessions(options.isProduction),
    limits,
  })
  app.register(jwksRoutes, { publicKeys: readSigningKeys(options.privateKeys).publicKeys })
  done()
}
