import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { createSecretKey, createSigningKeys } from '../../dev/keys.js'
import { loadApiConfig } from '../../src/shared/config.js'
import { ConfigError } from '../../src/shared/environment.js'

const urls = { DATABASE_URL: 'postgres://u:p@db/unnest', REDIS_URL: 'redis://cache' }
const others = { ...urls, WEBHOOK_SECRET_KEYS: createSecretKey() }

const faultsOf = (value: string): readonly string[] => {
  try {
    loadApiConfig({ ...others, JWT_PRIVATE_KEYS: value })
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

t.test('signing keys that cannot sign are one clear fault', async (t) => {
  const [key] = createSigningKeys().keys
  const { d: _private, ...publicKey } = key
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' })
  const [other] = createSigningKeys().keys
  const set = (...members: object[]) => JSON.stringify({ keys: members })
  const cases: Record<string, string> = {
    'not JSON': '{"keys": [',
    'not an object': '"hunter2"',
    'a PEM text': '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----',
    'no keys member': '{}',
    'no keys': set(),
    'a bare key': JSON.stringify(key),
    'too many keys': set(...Array.from({ length: 11 }, (_, n) => ({ ...key, kid: `k${n}` }))),
    'a public key': set(publicKey),
    'an RSA key': set({ ...rsa, kid: 'rsa' }),
    'another curve': set({ ...p384, kid: 'p384' }),
    'no kid': set({ ...key, kid: undefined }),
    'coordinates of another key': set({ ...key, x: other.x, y: other.y }),
    'coordinates off the curve': set({ ...key, x: key.y, y: key.x }),
    'a private part that is none': set({ ...key, d: 'hunter2' }),
    'a second key that is broken': set(key, { ...other, y: other.x }),
    'one kid twice': set(key, { ...other, kid: key.kid }),
  }
  for (const [what, value] of Object.entries(cases)) {
    const faults = faultsOf(value)
    t.ok(faults.length > 0 && faults.every((fault) => /^JWT_PRIVATE_KEYS[.:]/.test(fault)), what)
    t.notMatch(faults.join('\n'), new RegExp(`hunter2|${key.d}|${other.d}|\\bat .*:\\d`), what)
  }
  t.strictSame(faultsOf(set(other, key)), [], 'two good ones')
})
