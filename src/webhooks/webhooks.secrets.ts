import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { SecretKey } from '../shared/secret-keys.js'

/** Keeps the secrets of endpoints so that the database alone does not tell them. */
export interface SecretBox {
  /** `v1.KEY_ID.BASE64URL`, for a text column: by its beginning one can count what an old key still holds. */
  readonly encryptSecret: (endpointId: string, secret: string) => string
  /** @throws UnreadableSecretError when its key is gone, it was changed, or it is another endpoint's */
  readonly decryptSecret: (endpointId: string, sealed: string) => string
}

/** A kept secret cannot be read: an operator's matter, and never the caller's. */
export class UnreadableSecretError extends Error {
  override readonly name = 'UnreadableSecretError'
}

const ALGORITHM = 'aes-256-gcm'
const VERSION = 'v1'
/** What GCM is made for; random ones are good for 2^32 secrets under one key (NIST SP 800-38D, 8.3). */
const IV_BYTES = 12
const TAG_BYTES = 16
const tagged = { authTagLength: TAG_BYTES }

/** Bound to its endpoint: a row copied over another's would sign for the wrong one. */
const contextOf = (keyId: string, endpointId: string): Buffer =>
  Buffer.from(`unnest webhook secret ${VERSION} ${keyId} ${endpointId}`)

/** The first key encrypts, and all of them decrypt. @throws TypeError when there is none */
export const createSecretBox = (keys: readonly SecretKey[]): SecretBox => {
  const [newest] = keys
  if (!newest) throw new TypeError('there is no key to encrypt secrets with')

  const encryptSecret = (endpointId: string, secret: string): string => {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv(ALGORITHM, newest.key, iv, tagged).setAAD(contextOf(newest.id, endpointId))
    const sealed = Buffer.concat([iv, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return `${VERSION}.${newest.id}.${sealed.toString('base64url')}`
  }

  const decryptSecret = (endpointId: string, text: string): string => {
    const [version, keyId = '', sealedText = ''] = text.split('.')
    const found = keys.find(({ id }) => id === keyId)
    if (version !== VERSION || !found) {
      throw new UnreadableSecretError('It was encrypted with a key that is not in WEBHOOK_SECRET_KEYS.')
    }
    const sealed = Buffer.from(sealedText, 'base64url')
    try {
      const decipher = createDecipheriv(ALGORITHM, found.key, sealed.subarray(0, IV_BYTES), tagged)
      decipher.setAAD(contextOf(keyId, endpointId)).setAuthTag(sealed.subarray(-TAG_BYTES))
      const secret = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES))
      return Buffer.concat([secret, decipher.final()]).toString('utf8')
    } catch (cause) {
      throw new UnreadableSecretError('It was changed, or belongs to another endpoint.', { cause })
    }
  }

  return { encryptSecret, decryptSecret }
}
