import { z } from 'zod'

/** A whole number in a query, in plain digits: a coercion would also read nothing as 0 and "0x10" as 16. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(min).max(max))
    .meta({ type: 'integer', minimum: min, maximum: max })
