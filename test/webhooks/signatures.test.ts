import { createServer } from 'node:http'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import t from 'tap'
import {
  createWebhookSecret,
  signWebhook,
  type WebhookHeaders,
} from '../../src/webhooks/webhooks.signatures.js'
import { figure, scaled } from '../support/figures.js'
import { openOutbound, post } from '../support/outbound.js'
import { startPartner } from '../support/partner.js'

const now = (): number => Math.floor(Date.now() / 1_000)
const ID = 'msg_0192f0c1-2d3e-7000-8000-0123456789ab'
const BODY = JSON.stringify({ type: 'order.placed', data: { total: 1_999, name: 'Zoë \u{1F680}' } })

/** What a receiver that knows nothing of us makes of a delivery: it uses the package as its page says. */
const isAccepted = (secret: string, body: string | Buffer, headers: WebhookHeaders): boolean => {
  try {
    new Webhook(secret).verify(body, { ...headers })
    return true
  } catch (error) {
    // A body that is not JSON fails after its signature was found good.
    if (error instanceof WebhookVerificationError) return false
    throw error
  }
}

const flipBit = (bytes: Buffer, bit: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}

/** Each text that differs in one bit, as a header can carry it. */
const flipped = (text: string): readonly string[] =>
  Array.from({ length: Buffer.byteLength(text) * 8 }, (_, bit) =>
    flipBit(Buffer.from(text), bit).toString('latin1'),
  )

t.test('a delivery that came over HTTP is verified by a stranger', async (t) => {
  const secret = createWebhookSecret()
  const accepted: boolean[] = []
  const partner = await startPartner(
    t,
    createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const headers = request.headers as unknown as WebhookHeaders
        accepted.push(isAccepted(secret, Buffer.concat(chunks).toString('utf8'), headers))
        response.end()
      })
    }),
  )
  const outbound = openOutbound(t)
  const url = `http://partner.example:${partner.port}/`
  const count = scaled(20, 1_000)
  for (let n = 0; n < count; n += 1) {
    const body = JSON.stringify({ n, text: '\u{1F680}'.repeat(n) })
    const message = { id: `${ID}-${n}`, timestamp: now(), body, secrets: [secret] }
    await post(outbound, { url, body, headers: { ...signWebhook(message) } })
  }
  t.strictSame(accepted, Array<boolean>(count).fill(true))
  figure(t, `webhook signatures: ${accepted.filter(Boolean).length} of ${count} verified by standardwebhooks`)
})

t.test('one changed bit anywhere is refused', (t) => {
  const secret = createWebhookSecret()
  const timestamp = now()
  const headers = signWebhook({ id: ID, timestamp, body: BODY, secrets: [secret] })
  t.ok(isAccepted(secret, BODY, headers), 'unchanged it is good')
  let tried = 0
  let passed = 0
  const attempt = (body: string, changed: WebhookHeaders) => {
    tried += 1
    if (isAccepted(secret, body, changed)) passed += 1
  }
  const plain = JSON.stringify({ type: 'order.placed', data: { total: 1_999 } })
  const ofPlain = signWebhook({ id: ID, timestamp, body: plain, secrets: [secret] })
  for (const body of flipped(plain)) attempt(body, ofPlain)
  for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const) {
    for (const value of flipped(headers[name])) attempt(BODY, { ...headers, [name]: value })
  }
  t.equal(passed, 0)
  t.ok(tried > 1_000, `${tried} changes`)
  figure(t, `webhook signatures: ${passed} of ${tried} one-bit changes accepted (asked: 0)`)
  t.end()
})

t.test('a replay is refused when five minutes are over', (t) => {
  const secret = createWebhookSecret()
  const isGood = (age: number) =>
    isAccepted(secret, BODY, signWebhook({ id: ID, timestamp: now() - age, body: BODY, secrets: [secret] }))
  // A second more or less may pass meanwhile.
  for (const age of [0, 60, 295, -295]) t.ok(isGood(age), `${age} s old`)
  for (const age of [302, 600, 86_400, -302, -86_400]) t.notOk(isGood(age), `${age} s old`)
  t.end()
})

t.test('during a rotation the old and the new secret both verify, and no third one', (t) => {
  const [older, newer, other] = [createWebhookSecret(), createWebhookSecret(), createWebhookSecret()]
  const headers = signWebhook({ id: ID, timestamp: now(), body: BODY, secrets: [newer, older] })
  t.match(headers['webhook-signature'], /^v1,[\w+/]{43}= v1,[\w+/]{43}=$/)
  t.ok(isAccepted(newer, BODY, headers))
  t.ok(isAccepted(older, BODY, headers))
  t.notOk(isAccepted(other, BODY, headers))
  const after = signWebhook({ id: ID, timestamp: now(), body: BODY, secrets: [newer] })
  t.notOk(isAccepted(older, BODY, after), 'the old one is worth nothing afterwards')
  t.end()
})

t.test('bytes are signed as they are sent', (t) => {
  const secret = createWebhookSecret()
  const message = { id: ID, timestamp: now(), secrets: [secret] }
  t.strictSame(signWebhook({ ...message, body: Buffer.from(BODY) }), signWebhook({ ...message, body: BODY }))
  const stranger = new Webhook(secret).sign(ID, new Date(message.timestamp * 1_000), BODY)
  t.equal(signWebhook({ ...message, body: BODY })['webhook-signature'], stranger)
  t.end()
})

t.test('a secret is whsec_ and 32 random bytes, and what is none does not sign', (t) => {
  const secrets = Array.from({ length: 50 }, createWebhookSecret)
  for (const secret of secrets) t.match(secret, /^whsec_[\w+/]{43}=$/)
  t.equal(new Set(secrets).size, 50)
  const sign = (secret: string) => () =>
    signWebhook({ id: ID, timestamp: now(), body: BODY, secrets: [secret] })
  const ofBytes = (length: number) => `whsec_${Buffer.alloc(length, 7).toString('base64')}`
  for (const length of [24, 32, 64]) t.doesNotThrow(sign(ofBytes(length)), `${length} bytes`)
  const bad = [
    ofBytes(23),
    ofBytes(65),
    '',
    'whsec_',
    ofBytes(32).slice(6),
    `${ofBytes(32)} `,
    ofBytes(32).replace('=', ''),
  ]
  for (const secret of bad) {
    t.throws(sign(secret), { name: 'TypeError' }, `"${secret}"`)
    t.throws(sign(secret), { message: /^a webhook secret is whsec_ and/ }, 'and does not say what it was')
  }
  t.end()
})

t.test('what would make the signed text ambiguous is not signed', (t) => {
  const message = { id: ID, timestamp: now(), body: BODY, secrets: [createWebhookSecret()] }
  for (const id of ['', 'a.1', 'a b', 'a\nb', 'ä', 'a'.repeat(256)]) {
    t.throws(() => signWebhook({ ...message, id }), { message: /^a webhook id/ }, `"${id}"`)
  }
  for (const timestamp of [1.5, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => signWebhook({ ...message, timestamp }), { message: /^a webhook has a time/ })
  }
  t.throws(() => signWebhook({ ...message, secrets: [] }), { message: /at least one secret/ })
  t.end()
})
