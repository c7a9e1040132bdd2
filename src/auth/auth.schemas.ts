import { z } from 'zod'
import { line } from '../shared/http/text.js'
import { ROLES } from '../shared/principal.js'
import { faultOfPassword } from './auth.password-rules.js'

/** UTF-16 units of 128 characters, each of which may take two. */
const MAX_PASSWORD_UNITS = 256
/** Longer than any token of ours: what is longer need not be read. */
const MAX_TOKEN_LENGTH = 200

/** An address as the service keeps it: in lower case, so that another case is no other address. */
const email = z.email().max(254).toLowerCase()

const newPassword = z
  .string()
  .max(MAX_PASSWORD_UNITS)
  .superRefine((password, context) => {
    const message = faultOfPassword(password)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })
  // JSON Schema counts characters, as the rule does.
  .meta({ minLength: 12, maxLength: 128, description: 'Any Unicode, but none of the most common passwords' })

/** No lower limit: a rule that came later must not lock anybody out. */
const knownPassword = z.string().min(1).max(MAX_PASSWORD_UNITS)

const token = z.string().min(1).max(MAX_TOKEN_LENGTH)

export const registerBody = z.strictObject({ email, password: newPassword, name: line(1, 100) })

export const loginBody = z.strictObject({ email, password: knownPassword })

export const refreshBody = z.strictObject({ refreshToken: token })

export const verifyEmailBody = z.strictObject({ token })

export const forgotPasswordBody = z.strictObject({ email })

export const resetPasswordBody = z.strictObject({ token, password: newPassword })

export const changePasswordBody = z.strictObject({ currentPassword: knownPassword, newPassword })

/** What registration answers: the new user's own record; the route sees to it that it is whole. */
export const accountSchema = z.object({
  id: z.uuid(),
  email: z.string(),
  emailVerified: z.boolean(),
  name: z.string(),
  avatarUrl: z.string().nullable(),
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

/** What is answered where the work is done later, or not at all, and the answer must not tell. */
export const promisedSchema = z.object({ status: z.literal('accepted') })

/** RFC 7517: what others need to verify our access tokens, and nothing that signs. */
export const jwksSchema = z.object({
  keys: z.array(
    z.object({
      kty: z.literal('EC'),
      crv: z.literal('P-256'),
      x: z.string(),
      y: z.string(),
      kid: z.string(),
      alg: z.literal('ES256'),
      use: z.literal('sig'),
    }),
  ),
})

export type Registration = z.infer<typeof registerBody>
export type LogIn = z.infer<typeof loginBody>
export type PasswordReset = z.infer<typeof resetPasswordBody>
export type PasswordChange = z.infer<typeof changePasswordBody>
