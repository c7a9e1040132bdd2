import { z } from 'zod'

/** Far above any price; 100 items of 1,000 pieces at this price still add up to a safe integer. */
export const MAX_AMOUNT = 1_000_000_000

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'))

/** A price: an integer of the currency's minor units (1999 is EUR 19.99) and an ISO 4217 code. */
export const price = z.strictObject({
  amount: z.int().min(0).max(MAX_AMOUNT),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .refine((code) => CURRENCIES.has(code), 'must be an ISO 4217 code'),
})

/** An amount that the service answers with: a price, or a total of many. */
export const money = z.object({ amount: z.int(), currency: z.string() })
