/** Everything that an endpoint can be told of: `THING.WHAT_BECAME_OF_IT`. Stable for ever: receivers switch on them. */
export const WEBHOOK_EVENTS = [
  'order.placed',
  'order.confirmed',
  'order.shipped',
  'order.delivered',
  'order.cancelled',
  'order.expired',
  'upload.ready',
  'upload.failed',
  /** Sent when its owner asks for it, whatever the endpoint has subscribed to. */
  'webhook.test',
] as const

export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]
