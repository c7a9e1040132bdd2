import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { isMain } from './is-main.js'

export interface SigningKey {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  /** The private part. */
  readonly d: string
  readonly kid: string
  readonly alg: 'ES256'
  readonly use: 'sig'
}

/** A JWK set with one fresh private ES256 key, as JWT_PRIVATE_KEYS wants it. Its `kid` is the RFC 7638 thumbprint. */
export const createSigningKeys = (): { readonly keys: readonly [SigningKey] } => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y, d } = privateKey.export({ format: 'jwk' })
  if (x === undefined || y === undefined || d === undefined) throw new Error('The new key has no coordinates')
  // RFC 7638: the required members only, in this order, without white space.
  const required = JSON.stringify({ crv: 'P-256', kty: 'EC', x, y })
  const kid = createHash('sha256').update(required).digest('base64url')
  return { keys: [{ kty: 'EC', crv: 'P-256', x, y, d, kid, alg: 'ES256', use: 'sig' }] }
}

/** A fresh key, as WEBHOOK_SECRET_KEYS wants it; `openssl rand -base64 32` makes the same. */
export const createSecretKey = (): string => randomBytes(32).toString('base64')

if (isMain(import.meta.url)) console.log(JSON.stringify(createSigningKeys()))
