import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import type { SigningKey } from '../../dev/keys.js'
import type { World } from './app.js'

/** Makes tokens with node:crypto alone, so that the service's own library does not judge itself. */
export interface Mint {
  readonly publicKey: KeyObject
  /** The header of the service's own tokens. */
  readonly header: { readonly alg: 'ES256'; readonly typ: 'JWT'; readonly kid: string }
  /** The signature, as ES256 writes it, of any text. */
  readonly signatureOf: (input: string, digest?: string) => string
  /** A token with a good signature over any two parts: `sign` without the JSON. */
  readonly signParts: (header: string, payload: string) => string
  readonly sign: (payload: unknown, header?: unknown) => string
}

/** What the service says in an access token; a test may put in whatever it likes. */
export type Claims = Readonly<Record<string, unknown>>

/** A token that must open nothing. */
export interface Suspect {
  readonly what: string
  readonly token: string
}

export interface CorpusNeeds {
  /** Signs with the key that the service signs with. */
  readonly mint: Mint
  /** Signed by it, they are accepted; everything here starts from them. */
  readonly claims: Claims
  /** Keys that the service does not know, by what they are called here. */
  readonly strangers: Readonly<Record<string, Mint>>
  /** An address that nobody may call. */
  readonly canary: string
  /** Of what goes through a token's characters or bits: each (1), or every so many. */
  readonly every: number
}

export const toPart = (text: string | Buffer): string => Buffer.from(text).toString('base64url')

/** What is undefined is left out. */
export const jsonPart = (value: unknown): string => toPart(JSON.stringify(value))

export const createMint = (key: SigningKey): Mint => {
  const privateKey = createPrivateKey({ key: { ...key }, format: 'jwk' })
  const header = { alg: 'ES256', typ: 'JWT', kid: key.kid } as const
  const signatureOf = (input: string, digest = 'sha256'): string =>
    toPart(sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }))
  const signParts = (headerPart: string, payloadPart: string): string => {
    const input = `${headerPart}.${payloadPart}`
    return `${input}.${signatureOf(input)}`
  }
  return {
    publicKey: createPublicKey(privateKey),
    header,
    signatureOf,
    signParts,
    sign: (payload, given = header) => signParts(jsonPart(given), jsonPart(payload)),
  }
}

/** The keys that the world's pods run with, newest first. */
export const signingKeysOf = ({ env }: World): readonly SigningKey[] =>
  JSON.parse(env['JWT_PRIVATE_KEYS'] ?? '').keys

/** The same world for pods that run with these keys. */
export const withSigningKeys = (world: World, ...keys: readonly SigningKey[]): World => ({
  ...world,
  env: { ...world.env, JWT_PRIVATE_KEYS: JSON.stringify({ keys }) },
})

const partOf = (token: string, index: number) =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString())

export const headerOf = (token: string): Claims => partOf(token, 0)
export const claimsOf = (token: string): Claims => partOf(token, 1)
