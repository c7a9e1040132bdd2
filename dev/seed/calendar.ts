export const DAY_MS = 86_400_000
export const HOUR_MS = 3_600_000
export const MINUTE_MS = 60_000

/** The day that the data look back from. Fixed, so that the same numbers give the same data on any day. */
export const TODAY = Date.UTC(2026, 10, 1)
const YEAR_MS = 365 * DAY_MS

/** Orders are a year's; its last day is left for what happens to the last of them. */
export const ORDERS_BEGIN = TODAY - YEAR_MS
export const ORDERS_LAST_MS = YEAR_MS - DAY_MS

/** Users and products come in the year before: whoever orders has been there by then, and so has the product. */
export const ARRIVALS_BEGIN = ORDERS_BEGIN - YEAR_MS
export const ARRIVALS_LAST_MS = YEAR_MS - DAY_MS

/** A timestamptz of an SQL expression in milliseconds since 1970. */
export const instant = (ms: string): string => `to_timestamp(${ms} / 1000.0::float8)`
