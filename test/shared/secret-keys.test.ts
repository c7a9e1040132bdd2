import { inspect } from 'node:util'
import t from 'tap'
import { createSecretKey } from '../../dev/keys.js'
import { loadWorkerConfig } from '../../src/shared/config.js'
import { ConfigError } from '../../src/shared/environment.js'

const urls = { DATABASE_URL: 'postgres://u:p@db/unnest', REDIS_URL: 'redis://cache' }

const keysOf = (value: string) =>
  loadWorkerConfig({ ...urls, WEBHOOK_SECRET_KEYS: value }).WEBHOOK_SECRET_KEYS

const faultsOf = (value: string): readonly string[] => {
  try {
    keysOf(value)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

t.test('keys are 32 bytes in either base64, newest first, and named after themselves', (t) => {
  const [first, second] = [createSecretKey(), createSecretKey()]
  const keys = keysOf(` ${first} , ${second}`)
  t.equal(keys.length, 2)
  for (const { id, key } of keys) {
    t.match(id, /^[0-9a-f]{8}$/)
    t.equal(key.symmetricKeySize, 32)
  }
  t.not(keys[0]?.id, keys[1]?.id)
  const urlSafe = Buffer.from(first, 'base64').toString('base64url')
  t.equal(keysOf(urlSafe)[0]?.id, keys[0]?.id, 'one key has one name')
  t.notMatch(inspect(keys, { depth: 9 }) + JSON.stringify(keys), first)
  t.end()
})

t.test('keys that do not do are one clear fault, without their value', (t) => {
  const key = createSecretKey()
  const cases: Readonly<Record<string, string>> = {
    'a password': 'hunter2',
    'a short key': Buffer.alloc(16, 1).toString('base64'),
    'a long key': Buffer.alloc(48, 1).toString('base64'),
    hexadecimal: '0f'.repeat(32),
    'the same key twice': `${key},${key}`,
    'the same key in two spellings': `${key},${Buffer.from(key, 'base64').toString('base64url')}`,
    'nothing behind a comma': `${key},`,
    'too many': Array.from({ length: 11 }, createSecretKey).join(','),
    'a good key and a bad one': `${key},hunter2`,
  }
  for (const [what, value] of Object.entries(cases)) {
    const faults = faultsOf(value)
    t.ok(faults.length > 0 && faults.every((fault) => /^WEBHOOK_SECRET_KEYS[.:]/.test(fault)), what)
    t.notOk(faults.join('\n').includes(key.slice(0, 20)) || faults.join('\n').includes('hunter2'), what)
  }
  t.end()
})
