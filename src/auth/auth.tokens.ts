import jwt from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ACCESS_TOKEN_SECONDS, type Principal } from '../shared/principal.js'
import { ALGORITHM, AUDIENCE, type DecodedToken, ISSUER, keyIdOf } from './auth.claims.js'
import type { SigningKeys } from './auth.keys.js'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: { sub: string; sid: string; role: Principal['role']; since?: number }
    /** Verified but not yet looked into: see `callerIn`. */
    user: unknown
  }
}

/** Makes `app.jwt` and `request.jwtVerify` work with our keys. */
export const registerTokens = async (app: FastifyInstance, keys: SigningKeys): Promise<void> => {
  await app.register(jwt, {
    secret: {
      private: keys.current.privatePem,
      public: async (_request: FastifyRequest, token: jwt.TokenOrHeader) => {
        // `complete` below makes it the whole token; the plugin's type leaves that open.
        const key = keys.publicPems.get(keyIdOf(token as unknown as DecodedToken))
        if (!key) throw new Error('unknown key id')
        return key
      },
    },
    sign: {
      algorithm: ALGORITHM,
      kid: keys.current.kid,
      iss: ISSUER,
      aud: AUDIENCE,
      expiresIn: ACCESS_TOKEN_SECONDS,
    },
    decode: { complete: true },
    verify: {
      algorithms: [ALGORITHM],
      allowedIss: ISSUER,
      allowedAud: AUDIENCE,
      requiredClaims: ['sub', 'sid', 'role', 'iss', 'aud', 'exp', 'iat'],
      // It would decode each token and hash it before it knows it again; see `known-callers.ts`.
      cache: false,
    },
  })
}

/** Signs an access token for the session; it says who, in which session, in which role, and no more. */
export const signAccessToken = (app: FastifyInstance, { userId, sessionId, role }: Principal): string =>
  app.jwt.sign({ sub: userId, sid: sessionId, role })
