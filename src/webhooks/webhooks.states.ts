/** What can be said of a delivery. `pending -> delivered | failed`; a redelivery makes it pending again. */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

/**
 * Why a delivery failed for good: its tries are used up, the endpoint answered 410, it was disabled by then, or a fault
 * of ours kept it from being sent until an operator gave it up.
 */
export const DELIVERY_FAILURES = ['tries_exhausted', 'gone', 'webhook_disabled', 'not_sent'] as const
export type DeliveryFailure = (typeof DELIVERY_FAILURES)[number]

/** Why the service disabled an endpoint: it answered 410, or nothing but failures for days. */
export const DISABLED_REASONS = ['gone', 'failing'] as const
export type DisabledReason = (typeof DISABLED_REASONS)[number]
