import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const FAMILY_BYTES = 16
const SECRET_BYTES = 32
const TOKEN_BYTES = FAMILY_BYTES + SECRET_BYTES
/** 48 bytes are 64 characters of base64url without a remainder: one spelling for each token. */
const TOKEN = /^[\w-]{64}$/

/**
 * An opaque refresh token: which family (one log-in) it belongs to, and 256 random bits. Whoever holds any
 * token of a family can name the family, and nobody else can: that is how an old one is recognised.
 */
export interface RefreshToken {
  readonly family: Buffer
  readonly secret: Buffer
}

export const newRefreshToken = (): RefreshToken => ({
  family: randomBytes(FAMILY_BYTES),
  secret: randomBytes(SECRET_BYTES),
})

export const newSeed = (): Buffer => randomBytes(SECRET_BYTES)

/**
 * The one successor of a token under this seed. The seed is kept and the parent is not: a pod that is shown
 * the parent again can answer with the same successor, and whoever reads the database cannot.
 */
export const successorOf = ({ family, secret }: RefreshToken, seed: Buffer): RefreshToken => ({
  family,
  secret: createHmac('sha256', secret).update(seed).digest(),
})

export const encodeToken = ({ family, secret }: RefreshToken): string =>
  Buffer.concat([family, secret]).toString('base64url')

/** Undefined for what cannot be a token of ours. */
export const decodeToken = (text: string): RefreshToken | undefined => {
  if (!TOKEN.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== TOKEN_BYTES) return undefined
  return { family: bytes.subarray(0, FAMILY_BYTES), secret: bytes.subarray(FAMILY_BYTES) }
}

/** A fast hash will do: what is hashed here is random, there is nothing to guess. */
export const hashOf = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()

/** Whether this is the secret that was hashed. */
export const isSecret = (secret: Buffer, hash: Buffer | null): boolean =>
  hash !== null && timingSafeEqual(hashOf(secret), hash)
