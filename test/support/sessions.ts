import { createHash, randomBytes } from 'node:crypto'
import type { Answer, Call, World } from './app.js'
import type { Account } from './factories.js'

/** One log-in: what its answer, or that of a later refresh, has in it. */
export interface SignedIn {
  readonly token: string
  readonly refreshToken: string
  readonly refreshExpiresIn: number
  readonly sessionId: string
}

/** The session that an access token belongs to. */
export const sessionIdOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid

/** What a log-in or a refresh answers with. @throws Error when it was refused */
export const signedInBy = ({ status, body, text }: Answer): SignedIn => {
  if (status !== 200) throw new Error(`not signed in: ${text}`)
  const { accessToken: token, refreshToken, refreshExpiresIn } = body.data
  return { token, refreshToken, refreshExpiresIn, sessionId: sessionIdOf(token) }
}

/** Opens another session of the account. */
export const logIn = async (
  call: Call,
  { email, password }: Pick<Account, 'email' | 'password'>,
  headers: Readonly<Record<string, string>> = {},
): Promise<SignedIn> =>
  signedInBy(await call('POST', '/v1/auth/login', { body: { email, password }, headers }))

export const refresh = (call: Call, refreshToken: unknown): Promise<Answer> =>
  call('POST', '/v1/auth/refresh', { body: { refreshToken } })

/** Has the last rotation of these sessions happened so many seconds ago. */
export const ageRotation = async (
  { database }: World,
  sessionIds: readonly string[],
  seconds: number,
): Promise<void> => {
  await database.sql`
    update sessions set rotated_at = clock_timestamp() - make_interval(secs => ${seconds})
    where id = any(${[...sessionIds]}::uuid[])
  `
}

/** How often something was recorded of these sessions. */
export const countRecorded = async (
  { database }: World,
  action: string,
  sessionIds: readonly string[],
): Promise<number> => {
  const [row] = await database.sql`
    select count(*)::int as n from audit_log
    where action = ${action} and session_id = any(${[...sessionIds]}::uuid[])
  `
  return row?.['n']
}

/** A token for a new password, as the mail would bring it. */
export const mailedReset = async ({ database }: World, userId: string): Promise<string> => {
  const token = randomBytes(32).toString('base64url')
  await database.sql`
    insert into one_time_tokens (token_hash, user_id, purpose, expires_at)
    values (${createHash('sha256').update(token).digest()}, ${userId}, 'reset_password', now() + interval '1 hour')
  `
  return token
}
