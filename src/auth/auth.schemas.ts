import { z } from 'zod'
import { line } from '../shared/http/text.js'
import { ROLES } from '../shared/principal.js'

const MIN_PASSWORD_LENGTH = 12
const MAX_PASSWORD_LENGTH = 128
/** Half a surrogate pair would be hashed as U+FFFD, and so equal every other one. */
const WELL_FORMED = /^\P{Cs}*$/u

/** An address as the service keeps it: in lower case, so that another case is no other address. */
const email = z.email().max(254).toLowerCase()

export const registerBody = z.strictObject({
  email,
  /** Length is the only rule (NIST SP 800-63B, 3.1.1.2); any Unicode is welcome. */
  password: z
    .string()
    .min(MIN_PASSWORD_LENGTH)
    .max(MAX_PASSWORD_LENGTH)
    .regex(WELL_FORMED, 'must be valid Unicode'),
  name: line(1, 100),
})

export const loginBody = z.strictObject({
  email,
  // No lower limit: a rule that came later must not lock anybody out.
  password: z.string().min(1).max(MAX_PASSWORD_LENGTH),
})

/** What registration answers: the new user's own record; the route sees to it that it is whole. */
export const accountSchema = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})

export const tokensSchema = z.object({
  accessToken: z.string(),
  tokenType: z.literal('Bearer'),
  expiresIn: z.int().meta({ description: 'Seconds' }),
  refreshToken: z.string(),
  refreshExpiresIn: z.int().meta({ description: 'Seconds' }),
})

export type Registration = z.infer<typeof registerBody>
export type LogIn = z.infer<typeof loginBody>
