import { createHash, createSecretKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'

/** A key that secrets are encrypted with. As a KeyObject it does not show in a log or an error. */
export interface SecretKey {
  /** Made from the key itself, and kept beside what it encrypted: nobody has to name keys, or can name two alike. */
  readonly id: string
  readonly key: KeyObject
}

const KEY_BYTES = 32
const MAX_KEYS = 10

/** 32 random bytes have enough of them that this much of their hash tells nothing. */
const idOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex').slice(0, 8)

const toSecretKey = (text: string): SecretKey => {
  const bytes = Buffer.from(text, 'base64')
  return { id: idOf(bytes), key: createSecretKey(bytes) }
}

const keyText = z
  .string()
  .regex(
    /^[\w+/-]{43}=?$/,
    `is not a key: base64 of ${KEY_BYTES} bytes, as \`openssl rand -base64 32\` makes it`,
  )
  .transform(toSecretKey)

const haveDistinctIds = (keys: readonly SecretKey[]): boolean =>
  new Set(keys.map(({ id }) => id)).size === keys.length

/** The keys as one variable holds them: in base64, separated by commas, newest first. */
export const secretKeys = z
  .string()
  .transform((text) => text.split(',').map((item) => item.trim()))
  .pipe(z.array(keyText).min(1).max(MAX_KEYS).refine(haveDistinctIds, { error: 'has the same key twice' }))
