import t from 'tap'
import { createSecretKey } from '../../dev/keys.js'
import { secretKeys } from '../../src/shared/secret-keys.js'
import { createSecretBox, UnreadableSecretError } from '../../src/webhooks/webhooks.secrets.js'
import { createWebhookSecret } from '../../src/webhooks/webhooks.signatures.js'

const boxOf = (...keys: readonly string[]) => createSecretBox(secretKeys.parse(keys.join(',')))
const ENDPOINT = '0192f0c1-2d3e-7000-8000-0123456789ab'
const OTHER = '0192f0c1-2d3e-7000-8000-0123456789ac'

t.test('a secret comes back, and what is kept tells nothing of it', (t) => {
  const box = boxOf(createSecretKey())
  const secret = createWebhookSecret()
  const sealed = Array.from({ length: 20 }, () => box.encryptSecret(ENDPOINT, secret))
  t.equal(new Set(sealed).size, 20, 'never the same twice')
  for (const text of sealed) {
    t.match(text, /^v1\.[0-9a-f]{8}\.[\w-]+$/)
    t.equal(box.decryptSecret(ENDPOINT, text), secret)
    t.notOk(Buffer.from(text.split('.')[2] ?? '', 'base64url').includes(secret.slice(6)))
  }
  t.end()
})

t.test('older keys still decrypt, and the newest one encrypts', (t) => {
  const [older, newer] = [createSecretKey(), createSecretKey()]
  const secret = createWebhookSecret()
  const before = boxOf(older).encryptSecret(ENDPOINT, secret)
  const rotated = boxOf(newer, older)
  t.equal(rotated.decryptSecret(ENDPOINT, before), secret)
  const after = rotated.encryptSecret(ENDPOINT, secret)
  t.equal(boxOf(newer).decryptSecret(ENDPOINT, after), secret)
  t.throws(() => boxOf(older).decryptSecret(ENDPOINT, after), UnreadableSecretError)
  t.throws(() => boxOf(newer).decryptSecret(ENDPOINT, before), { message: /not in WEBHOOK_SECRET_KEYS/ })
  t.end()
})

t.test('what was changed, cut, or copied from another endpoint is not read', (t) => {
  const box = boxOf(createSecretKey())
  const sealed = box.encryptSecret(ENDPOINT, createWebhookSecret())
  const [version, keyId, text = ''] = sealed.split('.')
  const bytes = Buffer.from(text, 'base64url')
  const kept = (changed: Uint8Array) => `${version}.${keyId}.${Buffer.from(changed).toString('base64url')}`
  t.throws(() => box.decryptSecret(OTHER, sealed), UnreadableSecretError, 'of another endpoint')
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = bytes.map((byte, at) => (at === index ? byte ^ 1 : byte))
    t.throws(() => box.decryptSecret(ENDPOINT, kept(changed)), UnreadableSecretError, `byte ${index}`)
  }
  for (let length = 0; length < bytes.length; length += 1) {
    t.throws(() => box.decryptSecret(ENDPOINT, kept(bytes.subarray(0, length))), UnreadableSecretError)
  }
  for (const odd of ['', 'v1', `v2.${keyId}.${text}`, `v1.00000000.${text}`, `v1.${keyId}.`, text]) {
    t.throws(() => box.decryptSecret(ENDPOINT, odd), UnreadableSecretError, `"${odd}"`)
  }
  t.equal(box.decryptSecret(ENDPOINT, sealed).length, 50)
  t.end()
})
