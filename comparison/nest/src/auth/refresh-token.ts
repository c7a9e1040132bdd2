import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const FAMILY_BYTES = 16;
const SECRET_BYTES = 32;
const TOKEN = /^[\w-]{64}$/;

/** Which log-in it belongs to, and a secret that only its holder has; the tables keep hashes of both. */
export interface RefreshToken {
  readonly family: Buffer;
  readonly secret: Buffer;
}

export const newRefreshToken = (): RefreshToken => ({
  family: randomBytes(FAMILY_BYTES),
  secret: randomBytes(SECRET_BYTES),
});

export const newSeed = (): Buffer => randomBytes(SECRET_BYTES);

/** The one token that follows under this seed, so that a repeated request gets the same. */
export const successorOf = ({ family, secret }: RefreshToken, seed: Buffer): RefreshToken => ({
  family,
  secret: createHmac('sha256', secret).update(seed).digest(),
});

export const encodeToken = ({ family, secret }: RefreshToken): string =>
  Buffer.concat([family, secret]).toString('base64url');

/** Undefined for what cannot be a token of ours. */
export const decodeToken = (text: string): RefreshToken | undefined => {
  if (!TOKEN.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return { family: bytes.subarray(0, FAMILY_BYTES), secret: bytes.subarray(FAMILY_BYTES) };
};

export const hashOf = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

export const isSecret = (secret: Buffer, hash: Buffer | null): boolean =>
  hash !== null && timingSafeEqual(hashOf(secret), hash);
