import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { z } from 'zod'

const jwkSet = z.object({
  keys: z.array(z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() })),
})
const claims = z.object({ sub: z.string(), exp: z.number() })

/** Verified tokens that are kept; as many as the others keep. */
const KEPT = 5_000

/** Says whose a bearer token is; undefined when it is not good. A token is verified once and then known. */
export const createVerifier = (jwkSetText: string): ((authorization: string) => string | undefined) => {
  const [jwk] = jwkSet.parse(JSON.parse(jwkSetText)).keys
  if (!jwk) throw new Error('JWT_PRIVATE_KEYS has no key')
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const known = new Map<string, z.infer<typeof claims>>()
  return (authorization) => {
    const token = known.get(authorization) ?? readToken(key, authorization)
    if (!token || token.exp * 1_000 < Date.now()) return undefined
    if (known.size < KEPT) known.set(authorization, token)
    return token.sub
  }
}

const readToken = (key: KeyObject, authorization: string): z.infer<typeof claims> | undefined => {
  const [header = '', payload = '', signature = ''] = authorization.replace('Bearer ', '').split('.')
  const isGood = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  return isGood ? claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString())) : undefined
}
