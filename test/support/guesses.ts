import type { Answer, Call, World } from './app.js'

/** What production has when nobody says otherwise; `createWorld` lifts the limits. */
export const defaultLimits = {
  RATE_LIMIT_PER_MINUTE: '1000',
  RATE_LIMIT_LOGINS_PER_ACCOUNT: '10',
  RATE_LIMIT_LOGINS_PER_ADDRESS: '100',
  RATE_LIMIT_ACCOUNT_CHANGES: '20',
} as const

/** A log-in with a password that is not anybody's. */
export const guess = (call: Call, email: string, number: number): Promise<Answer> =>
  call('POST', '/v1/auth/login', { body: { email, password: `not the password ${number}` } })

/** How often something was recorded of a user. */
export const countRecordedOf = async (
  { database }: World,
  action: string,
  userId: string,
): Promise<number> => {
  const [row] = await database.sql`
    select count(*)::int as n from audit_log where action = ${action} and subject_id = ${userId}
  `
  return row?.['n']
}
