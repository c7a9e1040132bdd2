import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { z } from 'zod'

const privateJwk = z.looseObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  kid: z.string().min(1).max(200),
  d: z.string().min(1),
  x: z.string().min(1),
  y: z.string().min(1),
})

/** One private signing key as a JSON Web Key (RFC 7517). */
export type PrivateKey = z.infer<typeof privateJwk>

/** Whether the public part is of the private one. Node does not look: such a key signs, and nothing verifies. */
const isKeyPair = (jwk: PrivateKey): boolean => {
  try {
    const text = Buffer.from(jwk.kid)
    const signature = sign('sha256', text, createPrivateKey({ key: jwk, format: 'jwk' }))
    return verify('sha256', text, createPublicKey({ key: jwk, format: 'jwk' }), signature)
  } catch {
    return false
  }
}

const privateKey = privateJwk.refine(isKeyPair, {
  error: 'is not a P-256 key: d, x and y do not fit together',
})

const haveDistinctIds = (keys: readonly PrivateKey[]): boolean =>
  new Set(keys.map(({ kid }) => kid)).size === keys.length

/** The signing keys as one variable holds them: a JWK set as JSON text, newest key first. */
export const jwkSet = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON: {"keys": [...]}' })
      return z.NEVER
    }
  })
  .pipe(
    z.object({
      keys: z
        .array(privateKey)
        .min(1)
        .max(10)
        .refine(haveDistinctIds, { error: 'two keys have the same kid' }),
    }),
  )
  .transform(({ keys }) => keys)
