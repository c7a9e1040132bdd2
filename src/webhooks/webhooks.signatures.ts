import { createHmac, randomBytes } from 'node:crypto'

/*
 * Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), its symmetric scheme.
 */

export interface WebhookMessage {
  /** The same in each try. Without a full stop: it is signed as `id.timestamp.body`. */
  readonly id: string
  /** Of this try, in whole seconds since 1970: receivers refuse what is more than five minutes off. */
  readonly timestamp: number
  /** Exactly what is sent. */
  readonly body: string | Uint8Array
  /** Each signs; during a rotation there are two. */
  readonly secrets: readonly string[]
}

export interface WebhookHeaders extends Readonly<Record<string, string>> {
  readonly 'webhook-id': string
  readonly 'webhook-timestamp': string
  readonly 'webhook-signature': string
}

const PREFIX = 'whsec_'
const SECRET_BYTES = 32
/** What the specification allows. */
const MIN_SECRET_BYTES = 24
const MAX_SECRET_BYTES = 64

/** A fresh secret, as its owner sees it. */
export const createWebhookSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64')

/** The words do not repeat the secret: they may reach a log. */
const keyOf = (secret: string): Buffer => {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  const isWhole = secret === PREFIX + key.toString('base64')
  if (isWhole && key.length >= MIN_SECRET_BYTES && key.length <= MAX_SECRET_BYTES) return key
  throw new TypeError('a webhook secret is whsec_ and the base64 of 24 to 64 bytes')
}

/**
 * The headers that prove a delivery to its receiver.
 * @throws TypeError for an id or a time that would make the signed text ambiguous, and for what is no secret
 */
export const signWebhook = ({ id, timestamp, body, secrets }: WebhookMessage): WebhookHeaders => {
  if (!/^[\w-]{1,255}$/.test(id)) throw new TypeError('a webhook id has letters, digits, _ and - only')
  if (!Number.isSafeInteger(timestamp) || timestamp < 0)
    throw new TypeError('a webhook has a time in whole seconds')
  if (secrets.length === 0) throw new TypeError('a webhook is signed with at least one secret')
  const signatures = secrets.map((secret) => {
    const hmac = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body)
    return `v1,${hmac.digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}
