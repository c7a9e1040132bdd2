import { z } from 'zod'
import { ACCESS_TOKEN_SECONDS, type Principal, ROLES } from '../shared/principal.js'

export const ISSUER = 'unnest'
export const AUDIENCE = 'unnest-api'
/** Of what an admin's browser holds: no API route takes it, and no page takes an access token. */
export const PAGE_AUDIENCE = 'unnest-admin-page'
/** Pinned: a token cannot choose how it is verified (RFC 8725, 3.1). See docs/security.md for why this one. */
export const ALGORITHM = 'ES256'

/** Pods' clocks may differ by so much; no more, or "not yet" means nothing. */
const SKEW_SECONDS = 5

/** Nothing else stands in our headers: no key, no place to fetch one, nothing critical (RFC 8725, 3.10). */
const header = z.strictObject({
  alg: z.literal(ALGORITHM),
  typ: z.literal('JWT'),
  kid: z.string().min(1).max(200),
})

const seconds = z.int().min(0)

/** Further claims are let be: pods of the next release may add some. */
const claims = z.object({
  iss: z.literal(ISSUER),
  aud: z.literal(AUDIENCE),
  sub: z.uuid(),
  sid: z.uuid(),
  role: z.enum(ROLES),
  iat: seconds,
  exp: seconds,
  nbf: seconds.optional(),
})

const pageClaims = claims.extend({
  aud: z.literal(PAGE_AUDIENCE),
  role: z.literal('admin'),
  /** When the form was sent: what is renewed keeps it. */
  since: seconds,
})

/** A decoded token, its signature not yet looked at. */
export interface DecodedToken {
  readonly header: unknown
  readonly payload: unknown
  /** The two parts that are signed, as they came. */
  readonly input: string
  readonly signature: string
}

/**
 * Whether a part is spelt as we spell it. JSON that says a thing twice means one thing to us and another to
 * somebody else, and base64 with stray bits at its end makes two tokens of one.
 */
const isSpeltAs = (part: string | undefined, text: string | Buffer): boolean =>
  part === Buffer.from(text).toString('base64url')

/** The id of the key that is to verify the token. @throws Error for a header or a spelling that is not ours */
export const keyIdOf = ({ header: given, payload, input, signature }: DecodedToken): string => {
  const { kid } = header.parse(given)
  const [headerPart, payloadPart] = input.split('.')
  const isCanonical =
    isSpeltAs(headerPart, JSON.stringify(given)) &&
    isSpeltAs(payloadPart, JSON.stringify(payload)) &&
    isSpeltAs(signature, Buffer.from(signature, 'base64url'))
  if (!isCanonical) throw new Error('not spelt as we spell it')
  return kid
}

const requireLifetime = ({ iat, exp }: { readonly iat: number; readonly exp: number }): void => {
  if (iat > Date.now() / 1_000 + SKEW_SECONDS) throw new Error('issued in the future')
  if (exp <= iat || exp - iat > ACCESS_TOKEN_SECONDS) throw new Error('lives too long')
}

/** For whom a token speaks, and until when, in milliseconds since 1970. */
export interface Caller {
  readonly principal: Principal
  readonly expiresAt: number
}

/**
 * Who a verified token speaks for. The plugin has compared `exp` and `nbf` with the clock; here their form is
 * checked, and that the token does not outlive what is remembered of ended sessions.
 * @throws Error for claims that are not ours
 */
export const callerIn = (payload: unknown): Caller => {
  const { sub, sid, role, ...times } = claims.parse(payload)
  requireLifetime(times)
  return { principal: { userId: sub, sessionId: sid, role }, expiresAt: times.exp * 1_000 }
}

/** The admin for whom a page's token speaks. */
export interface PageAdmin {
  readonly principal: Principal
  /** Seconds since 1970: when the token was issued, and when the admin logged in. */
  readonly issuedAt: number
  readonly since: number
}

/** The same for the token of a page. @throws Error for claims that are not ours */
export const pageAdminIn = (payload: unknown): PageAdmin => {
  const { sub, sid, role, since, ...times } = pageClaims.parse(payload)
  requireLifetime(times)
  return { principal: { userId: sub, sessionId: sid, role }, issuedAt: times.iat, since }
}
