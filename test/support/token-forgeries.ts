import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { type Claims, type CorpusNeeds, jsonPart, type Mint, type Suspect, toPart } from './tokens.js'

/*
 * Tokens that whoever made them could not sign with the service's key, and which hope that the verifier looks
 * for another key, another algorithm, or none.
 */

const P256_ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')

export const unsigned = ({ mint, claims }: CorpusNeeds): Suspect[] => {
  const spellings = ['none', 'None', 'NONE', 'nOnE', ' none', 'none\u0000', '', null, undefined, 0, false, []]
  const payload = jsonPart({ ...claims, role: 'admin' })
  const [, , genuine] = mint.sign(claims).split('.')
  return spellings.flatMap((alg) => {
    const headers = { '': { ...mint.header, alg }, ' and no kid': { alg, typ: 'JWT' } }
    return Object.entries(headers).flatMap(([note, header]) => {
      const input = `${jsonPart(header)}.${payload}`
      const what = `alg ${JSON.stringify(alg)}${note}`
      return [
        { what: `${what}, no signature`, token: `${input}.` },
        { what: `${what}, no last dot`, token: input },
        { what: `${what}, the signature of another token`, token: `${input}.${genuine}` },
        { what: `${what}, its own good signature`, token: `${input}.${mint.signatureOf(input)}` },
      ]
    })
  })
}

/** The public key in every text and byte form that a careless verifier may hold it in. */
const secretsFrom = ({ publicKey, header }: Mint): Record<string, string | Buffer> => {
  const spki = { type: 'spki' } as const
  const pem = publicKey.export({ ...spki, format: 'pem' }).toString()
  const der = publicKey.export({ ...spki, format: 'der' })
  const jwk = publicKey.export({ format: 'jwk' })
  const listed = { ...jwk, kid: header.kid, alg: 'ES256', use: 'sig' }
  return {
    PEM: pem,
    'PEM without the last line break': pem.trimEnd(),
    'PEM with Windows line breaks': pem.replaceAll('\n', '\r\n'),
    'PEM without its frame': pem.replace(/-----[^-]+-----|\n/g, ''),
    DER: der,
    'the point alone': der.subarray(-65),
    JWK: JSON.stringify(jwk),
    'JWK as it is listed': JSON.stringify(listed),
    'the whole JWK set': JSON.stringify({ keys: [listed] }),
    x: jwk.x ?? '',
    'the key id': header.kid,
    nothing: '',
    'a NUL byte': '\u0000',
    'a common word': 'secret',
  }
}

export const symmetric = ({ mint, claims }: CorpusNeeds): Suspect[] => {
  const algorithms = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }
  return Object.entries(secretsFrom(mint)).flatMap(([name, secret]) =>
    Object.entries(algorithms).flatMap(([alg, digest]) =>
      [alg, 'ES256'].map((named) => {
        const input = `${jsonPart({ ...mint.header, alg: named })}.${jsonPart(claims)}`
        const token = `${input}.${createHmac(digest, secret).update(input).digest('base64url')}`
        return { what: `${alg} with ${name} as the secret, named ${named}`, token }
      }),
    ),
  )
}

/** @param digest null where the key brings its own */
const signWith = (key: KeyObject, digest: string | null, header: object, claims: Claims): string => {
  const input = `${jsonPart(header)}.${jsonPart(claims)}`
  return `${input}.${toPart(sign(digest, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }))}`
}

export const otherAlgorithms = ({ mint, claims }: CorpusNeeds): Suspect[] => {
  const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey
  // The service must not get as far as looking at it, and one of a safe length takes half a second to find.
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey
  const keys: [alg: string, key: KeyObject, digest: string | null][] = [
    ['RS256', rsa, 'sha256'],
    ['RS384', rsa, 'sha384'],
    ['RS512', rsa, 'sha512'],
    ['PS256', rsa, 'sha256'],
    ['ES256', curve('P-256'), 'sha256'],
    ['ES384', curve('P-384'), 'sha384'],
    ['ES512', curve('P-521'), 'sha512'],
    ['ES256K', curve('secp256k1'), 'sha256'],
    ['EdDSA', generateKeyPairSync('ed25519').privateKey, null],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey, null],
  ]
  const byStrangers = keys.flatMap(([alg, key, digest]) =>
    [alg, 'ES256'].map((named) => ({
      what: `${alg} by a key of one's own, named ${named}`,
      token: signWith(key, digest, { ...mint.header, alg: named }, claims),
    })),
  )
  const names = ['es256', 'Es256', 'ES256 ', 'ES384', 'RS256', 'HS256', 'EdDSA', ['ES256'], {}, 256, true]
  const renamed = names.map((alg) => ({
    what: `the service's key, its algorithm called ${JSON.stringify(alg)}`,
    token: mint.sign(claims, { ...mint.header, alg }),
  }))
  const digests = ['sha1', 'sha384', 'sha512'].map((digest) => {
    const input = `${jsonPart(mint.header)}.${jsonPart(claims)}`
    return { what: `the service's key over ${digest}`, token: `${input}.${mint.signatureOf(input, digest)}` }
  })
  return [...byStrangers, ...renamed, ...digests]
}

/** A sequence of two integers, as most other protocols write ECDSA signatures. */
const toDer = (signature: Buffer): Buffer => {
  const integer = (bytes: Buffer): Buffer => {
    const value = (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes
    return Buffer.concat([Buffer.from([2, value.length]), value])
  }
  const both = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))])
  return Buffer.concat([Buffer.from([48, both.length]), both])
}

/** What may stand where the 64 bytes of r and s should. */
const notSignatures = (good: Buffer): Record<string, Buffer> => {
  const [r, s] = [good.subarray(0, 32), good.subarray(32)]
  const zero = Buffer.alloc(32)
  const one = Buffer.alloc(32).fill(1, 31)
  return {
    'all zero': Buffer.alloc(64),
    'r of zero': Buffer.concat([zero, s]),
    's of zero': Buffer.concat([r, zero]),
    'r and s of one': Buffer.concat([one, one]),
    'r of the order': Buffer.concat([P256_ORDER, s]),
    's of the order': Buffer.concat([r, P256_ORDER]),
    'both of the order': Buffer.concat([P256_ORDER, P256_ORDER]),
    'all ones': Buffer.alloc(64, 255),
    'r and s exchanged': Buffer.concat([s, r]),
    DER: toDer(good),
    'a DER of zeros': Buffer.from('3006020100020100', 'hex'),
    'one byte short': good.subarray(0, 63),
    'one byte long': Buffer.concat([good, Buffer.alloc(1)]),
    'a byte in front': Buffer.concat([Buffer.alloc(1), good]),
    'twice itself': Buffer.concat([good, good]),
    'half of itself': r,
    'one byte': Buffer.alloc(1),
    random: randomBytes(64),
    'of another length': randomBytes(96),
  }
}

const withBitChanged = (good: Buffer, bit: number): Buffer => {
  const bytes = Buffer.from(good)
  bytes.writeUInt8((bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3)
  return bytes
}

export const brokenSignatures = ({ mint, claims, every }: CorpusNeeds): Suspect[] => {
  const input = `${jsonPart(mint.header)}.${jsonPart(claims)}`
  const good = Buffer.from(mint.signatureOf(input), 'base64url')
  const bytes = Object.entries(notSignatures(good)).map(([what, other]) => [what, toPart(other)])
  const bits = Array.from({ length: Math.ceil(512 / every) }, (_, n) => n * every)
  const flips = bits.map((bit) => [`bit ${bit} changed`, toPart(withBitChanged(good, bit))])
  const scopes = [jsonPart(claims), jsonPart(mint.header), `${input}.`, JSON.stringify(claims), '']
  const elsewhere = scopes.map((signed, n) => [`a good one of other text (${n})`, mint.signatureOf(signed)])
  const texts = [good.toString('hex'), 'null', 'undefined', 'A'.repeat(86)].map((text) => [
    `reads ${text.slice(0, 10)}`,
    text,
  ])
  return [...bytes, ...flips, ...elsewhere, ...texts].map(([what, signature]) => ({
    what: `a signature: ${what}`,
    token: `${input}.${signature}`,
  }))
}

/** A good signature, carried over to claims or a header that it does not cover. */
export const carriedSignatures = ({ mint, claims }: CorpusNeeds): Suspect[] => {
  const [header = '', payload = '', signature = ''] = mint.sign(claims).split('.')
  const changes: Record<string, unknown> = {
    'another role': { ...claims, role: claims['role'] === 'admin' ? 'user' : 'admin' },
    'another user': { ...claims, sub: '01890a5d-ac96-774b-bcce-b302099a8057' },
    'another session': { ...claims, sid: '01890a5d-ac96-774b-bcce-b302099a8057' },
    'a longer life': { ...claims, exp: Number(claims['exp']) + 1 },
    'no life time': { ...claims, exp: undefined },
    'one claim more': { ...claims, admin: true },
  }
  const changed = Object.entries(changes).map(([what, value]) => ({
    what: `a good signature under ${what}`,
    token: `${header}.${jsonPart(value)}.${signature}`,
  }))
  const reordered = jsonPart({ kid: mint.header.kid, typ: 'JWT', alg: 'ES256' })
  return [
    ...changed,
    {
      what: 'a good signature under a header in another order',
      token: `${reordered}.${payload}.${signature}`,
    },
    { what: 'parts exchanged', token: `${payload}.${header}.${signature}` },
  ]
}

export const otherKeys = ({ mint, claims, strangers }: CorpusNeeds): Suspect[] =>
  Object.entries(strangers).flatMap(([name, stranger]) => [
    { what: `signed by ${name}, under its own id`, token: stranger.sign(claims) },
    { what: `signed by ${name}, under the service's id`, token: stranger.sign(claims, mint.header) },
    { what: `signed by the service under the id of ${name}`, token: mint.sign(claims, stranger.header) },
  ])
