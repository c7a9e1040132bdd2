import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { PrivateKey } from '../shared/jwk-set.js'

/** A key as /.well-known/jwks.json shows it. */
export interface PublicKey {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly kid: string
  readonly alg: 'ES256'
  readonly use: 'sig'
}

/** The keys in the form the JWT plugin takes: PEM texts by key id. */
export interface SigningKeys {
  /** The newest key signs. */
  readonly current: { readonly kid: string; readonly privatePem: string }
  /** All keys verify, so that tokens of the one before outlive the rotation. */
  readonly publicPems: ReadonlyMap<string, string>
  readonly publicKeys: readonly PublicKey[]
}

const pem = { format: 'pem' } as const

/** Member by member: what a private key has beside these stays where it is. */
const toPublicKey = ({ kty, crv, x, y, kid }: PrivateKey): PublicKey => ({
  kty,
  crv,
  x,
  y,
  kid,
  alg: 'ES256',
  use: 'sig',
})

/** Reads the keys once at boot. @throws TypeError when one is not a valid P-256 key */
export const readSigningKeys = (keys: readonly PrivateKey[]): SigningKeys => {
  const [newest] = keys
  if (!newest) throw new TypeError('there is no signing key')
  const publicPems = keys.map((jwk): [string, string] => {
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
    return [jwk.kid, publicKey.export({ ...pem, type: 'spki' }).toString()]
  })
  const privateKey = createPrivateKey({ key: newest, format: 'jwk' })
  return {
    current: { kid: newest.kid, privatePem: privateKey.export({ ...pem, type: 'pkcs8' }).toString() },
    publicPems: new Map(publicPems),
    publicKeys: keys.map(toPublicKey),
  }
}
