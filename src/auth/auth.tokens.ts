import jwt from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { PrivateKey } from '../shared/jwk-set.js'
import { type Principal, ROLES } from '../shared/principal.js'
import { readSigningKeys } from './auth.keys.js'

export const ACCESS_TOKEN_SECONDS = 600
const ISSUER = 'unnest'
const AUDIENCE = 'unnest-api'
/** Pinned: a token cannot choose how it is verified (RFC 8725, 3.1). */
const ALGORITHM = 'ES256'

const claims = z
  .object({ sub: z.uuid(), sid: z.uuid(), role: z.enum(ROLES) })
  .transform(({ sub, sid, role }): Principal => ({ userId: sub, sessionId: sid, role }))

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: { sub: string; sid: string; role: Principal['role'] }
    user: Principal
  }
}

/** Makes `app.jwt` and `request.jwtVerify` work with our keys; claims beyond ours are not looked at. */
export const registerTokens = async (
  app: FastifyInstance,
  privateKeys: readonly PrivateKey[],
): Promise<void> => {
  const keys = readSigningKeys(privateKeys)
  await app.register(jwt, {
    secret: {
      private: keys.current.privatePem,
      public: async (_request: FastifyRequest, token: jwt.TokenOrHeader) => {
        const key = keys.publicPems.get(String(token.header.kid))
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
    // The header with its `kid` is wanted by the key look-up above.
    decode: { complete: true },
    verify: {
      algorithms: [ALGORITHM],
      allowedIss: ISSUER,
      allowedAud: AUDIENCE,
      requiredClaims: ['sub', 'sid', 'role', 'iss', 'aud', 'exp', 'iat'],
    },
    formatUser: (payload) => claims.parse(payload),
  })
}

/** Signs an access token for the session; it says who, in which session, in which role, and no more. */
export const signAccessToken = (app: FastifyInstance, { userId, sessionId, role }: Principal): string =>
  app.jwt.sign({ sub: userId, sid: sessionId, role })
