import { z } from 'zod'
import { defineJob } from '../shared/queue/contract.js'
import { MAX_TRIES, RETRY_DELAYS_MS } from './webhooks.schedule.js'

/** The delivery counts its tries itself; these more are for failures of ours, which are not the endpoint's. */
const SPARE_ATTEMPTS = 10

/** Most of a try is waiting for somebody else's server, and no endpoint gets more than a few of these places. */
const pace = { delaysMs: RETRY_DELAYS_MS, concurrency: 40 } as const

/** Sends a message to an endpoint. The body, and where it goes, are looked up: a row in the outbox holds neither. */
export const deliverWebhook = defineJob({
  name: 'deliver-webhook',
  queue: 'webhooks',
  payload: z.object({ deliveryId: z.uuid(), round: z.int().min(1) }),
  key: ({ deliveryId, round }) => `deliver-webhook-${deliveryId}-${round}`,
  attempts: MAX_TRIES + SPARE_ATTEMPTS,
  // Longer than the request's own 15 s, and what is written after it.
  timeoutMs: 25_000,
  ...pace,
})
