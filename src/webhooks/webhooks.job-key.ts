/** What carries a delivery in the outbox. Stable for ever: rows name it. */
export const DELIVERY_JOB = 'deliver-webhook'

/** One job a round of a delivery. The chore that looks for deliveries without a job spells it in SQL, the same way. */
export const deliveryJobKey = (deliveryId: string, round: number): string =>
  [DELIVERY_JOB, deliveryId, round].join('-')
