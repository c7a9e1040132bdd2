import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { PrivateKey } from '../shared/jwk-set.js'

/** The keys in the form the JWT plugin takes: PEM texts by key id. */
export interface SigningKeys {
  /** The newest key signs. */
  readonly current: { readonly kid: string; readonly privatePem: string }
  /** All keys verify, so that tokens of the one before outlive the rotation. */
  readonly publicPems: ReadonlyMap<string, string>
}

const pem = { format: 'pem' } as const

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
  }
}
