import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import { registerAccess } from '../shared/http/access.js'
import type { PrivateKey } from '../shared/jwk-set.js'
import { accessHooks } from './auth.hooks.js'
import { type AuthRoutesOptions, authRoutes } from './auth.routes.js'
import { registerTokens } from './auth.tokens.js'

/** Closes every route that follows to all but those whom its access policy names. */
export const guardRoutes = async (
  app: FastifyInstance,
  privateKeys: readonly PrivateKey[],
): Promise<void> => {
  await registerTokens(app, privateKeys)
  registerAccess(app, accessHooks)
}

/** Accounts and sessions. */
export const auth: FastifyPluginCallback<AuthRoutesOptions> = (app, { authService }, done) => {
  app.register(authRoutes, { prefix: '/v1/auth', authService })
  done()
}
