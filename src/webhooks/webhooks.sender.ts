import { OutboundError } from '../shared/outbound/outbound.errors.js'
import type { Outbound, OutboundAnswer } from '../shared/outbound/outbound.js'
import { Postponed } from '../shared/queue/outcomes.js'
import { retryAfterMs } from './webhooks.schedule.js'
import type { Attempt } from './webhooks.schemas.js'
import { type SecretBox, UnreadableSecretError } from './webhooks.secrets.js'
import { signWebhook } from './webhooks.signatures.js'

const TIMEOUT_MS = 15_000
/** About when a message comes again to a host that others' messages keep busy: half of it to half as much again. */
const BUSY_MS = 5_000
const MAX_ANSWER_BYTES = 1_024
/** They may say how long to wait; of others it is not believed (RFC 9110 has it for redirects, too). */
const THROTTLING: readonly number[] = [429, 503]
const GONE = 410
const FIXED_HEADERS = { 'content-type': 'application/json', 'user-agent': 'Unnest-Webhooks/1' }

export interface WebhookSenderNeeds {
  readonly outbound: Outbound
  readonly webhookSecrets: SecretBox
}

export interface OutgoingMessage {
  /** The endpoint's. */
  readonly endpointId: string
  readonly url: string
  /** Encrypted, as the one before. */
  readonly secret: string
  readonly previousSecret: string | null
  readonly messageId: string
  readonly body: string
}

/** What came of a try. */
export interface Tried {
  readonly isSuccess: boolean
  /** The endpoint wants to hear no more. */
  readonly isGone: boolean
  /** How long it asks to be left alone. */
  readonly retryAfterMs?: number
  readonly attempt: Omit<Attempt, 'number' | 'createdAt'>
}

export interface WebhookSender {
  /**
   * Signs and sends. No answer is what came of it, too: it only rejects for a fault of ours, such as a missing key.
   * @returns undefined when it was aborted
   * @throws Postponed while others hold the connections that its host may have: the endpoint has done nothing
   */
  readonly send: (message: OutgoingMessage, signal?: AbortSignal) => Promise<Tried | undefined>
}

const faultOf = (status: number): string | null => {
  if (status >= 200 && status < 300) return null
  return status >= 300 && status < 400 ? 'redirect' : 'unexpected_status'
}

const judge = ({ status, headers, body, durationMs }: OutboundAnswer): Tried => {
  const error = faultOf(status)
  const wait = THROTTLING.includes(status) ? retryAfterMs(headers['retry-after'], Date.now()) : undefined
  return {
    isSuccess: error === null,
    isGone: status === GONE,
    ...(wait !== undefined && { retryAfterMs: wait }),
    attempt: { status, error, durationMs, answer: body },
  }
}

const noAnswer = (error: string, durationMs: number): Tried => ({
  isSuccess: false,
  isGone: false,
  attempt: { status: null, error, durationMs, answer: '' },
})

export const createWebhookSender = ({ outbound, webhookSecrets }: WebhookSenderNeeds): WebhookSender => {
  /** An owner replaces a secret that we cannot read any more: then the old one must not be in the way. */
  const previousOf = ({ endpointId, previousSecret }: OutgoingMessage): string[] => {
    try {
      return previousSecret === null ? [] : [webhookSecrets.decryptSecret(endpointId, previousSecret)]
    } catch (error) {
      if (error instanceof UnreadableSecretError) return []
      throw error
    }
  }

  const secretsOf = (message: OutgoingMessage): string[] => [
    webhookSecrets.decryptSecret(message.endpointId, message.secret),
    ...previousOf(message),
  ]

  return {
    send: async (message, signal) => {
      const { url, body, messageId: id } = message
      const timestamp = Math.floor(Date.now() / 1_000)
      const signature = signWebhook({ id, timestamp, body, secrets: secretsOf(message) })
      const headers = { ...FIXED_HEADERS, ...signature }
      const started = performance.now()
      try {
        const limits = { timeoutMs: TIMEOUT_MS, maxResponseBytes: MAX_ANSWER_BYTES }
        return judge(await outbound.post({ url, headers, body, signal, ...limits }))
      } catch (error) {
        if (!(error instanceof OutboundError)) throw error
        if (error.code === 'aborted') return undefined
        if (error.code === 'busy') throw new Postponed(error.message, BUSY_MS * (0.5 + Math.random()))
        return noAnswer(error.code, Math.round(performance.now() - started))
      }
    },
  }
}
