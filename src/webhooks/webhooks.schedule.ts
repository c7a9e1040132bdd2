const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** Milliseconds before the second to the tenth try: the schedule of the Standard Webhooks specification. */
const RETRY_DELAYS_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
] as const

/** What failed together is not to come again together: each step is a tenth longer or shorter at most. */
const SPREAD = 0.2

/** What an endpoint may ask for by Retry-After at most: the longest step of the schedule. */
const MAX_RETRY_AFTER_MS = 24 * HOUR_MS

/** Milliseconds until the next try after so many failed ones (1 or more), or undefined when there is none. */
export const delayAfter = (tries: number): number | undefined => {
  const step = RETRY_DELAYS_MS[tries - 1]
  return step && Math.round(step * (1 - SPREAD / 2 + Math.random() * SPREAD))
}

/**
 * Milliseconds that a Retry-After (RFC 9110, 10.2.3) asks to wait for: seconds, or a date.
 * @returns undefined when there is none, or it is neither, or it is over
 */
export const retryAfterMs = (header: string | undefined, nowMs: number): number | undefined => {
  if (header === undefined) return undefined
  const text = header.trim()
  const wait = /^\d+$/.test(text) ? Number(text) * SECOND_MS : Date.parse(text) - nowMs
  return wait > 0 ? Math.min(wait, MAX_RETRY_AFTER_MS) : undefined
}
