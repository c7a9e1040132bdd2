import { z } from 'zod'

const isDigits = (text: string): boolean => /^(?:0|[1-9]\d{0,14})$/.test(text)

/**
 * A whole number that comes as text, in plain digits and one spelling: a coercion would also read nothing as 0 and "0x10" as 16,
 * and with zeros in front each would be another address of the same answer.
 * Documented as the integer that it is.
 */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine(isDigits, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .meta({ type: 'integer', minimum: min, maximum: max })
