import { z } from 'zod'
import { defineJob } from '../shared/queue/contract.js'
import { DELIVERY_JOB, deliveryJobKey } from './webhooks.job-key.js'

/**
 * Sends a message to an endpoint. The body, and where it goes, are looked up: a row in the outbox holds neither. The
 * delivery counts its tries and says when the next one is. The attempts here are failures of ours, which are not the
 * endpoint's: at first seconds apart and then an hour, over eight hours in all.
 */
export const deliverWebhook = defineJob({
  name: DELIVERY_JOB,
  queue: 'webhooks',
  payload: z.object({ deliveryId: z.uuid(), round: z.int().min(1) }),
  key: ({ deliveryId, round }) => deliveryJobKey(deliveryId, round),
  attempts: 20,
  // Longer than the request's own 15 s, the wait for a connection, and what is written after it.
  timeoutMs: 25_000,
  // Most of a try is waiting for somebody else's server, and no endpoint gets more than a few of these places.
  concurrency: 40,
})
