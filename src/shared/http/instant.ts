import { z } from 'zod'

/** Years that Postgres, RFC 3339 and UUIDv7 all have. */
const FIRST = Date.UTC(1970, 0)
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** A moment as clients send it: RFC 3339, in UTC or with an offset. Milliseconds count, what is finer does not. */
export const instant = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .refine((date) => date.getTime() >= FIRST && date.getTime() <= LAST, 'must be in the years 1970 to 9999')
