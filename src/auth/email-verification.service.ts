import type { AuditTrail } from '../shared/database/audit.js'
import type { Database } from '../shared/database/client.js'
import type { Origin } from '../shared/origin.js'
import type { Principal } from '../shared/principal.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { AccountsService } from '../users/users.container.js'
import { invalidOneTimeToken } from './auth.errors.js'
import { sendEmailVerification } from './auth.jobs.js'
import type { OneTimeTokensService } from './one-time-tokens.service.js'

const PURPOSE = 'verify_email'
/** One further mail in this time, however often it is asked for. */
const MAIL_EVERY_MS = 5 * 60_000

export interface EmailVerificationServiceNeeds {
  readonly database: Database
  readonly accountsService: AccountsService
  readonly jobProducer: JobProducer
  readonly auditTrail: AuditTrail
  readonly oneTimeTokens: OneTimeTokensService
}

export interface EmailVerificationService {
  /** Takes a mailed token as proof that the address is the user's. @throws invalid_one_time_token */
  readonly verifyEmail: (token: string, origin: Origin) => Promise<void>
  /** Promises another mail to the caller's address. */
  readonly requestVerification: (owner: Principal) => Promise<void>
  /** Makes the token for a mail; nothing else has it. */
  readonly issueVerification: (userId: string) => Promise<string>
}

export const createEmailVerificationService = (
  needs: EmailVerificationServiceNeeds,
): EmailVerificationService => {
  const { database, accountsService, jobProducer, auditTrail, oneTimeTokens } = needs

  return {
    verifyEmail: async (token, origin) => {
      const verified = await database.transaction(async (transaction) => {
        const owner = await oneTimeTokens.takeToken(transaction, token, PURPOSE)
        const isThere = owner !== undefined && (await accountsService.markEmailVerified(transaction, owner))
        const action = isThere ? 'email.verified' : 'email.verification_failed'
        const who = { actorId: owner ?? null, subjectId: owner ?? null }
        await auditTrail.record(transaction, { action, ...who, origin })
        return isThere
      })
      if (!verified) throw invalidOneTimeToken()
    },

    requestVerification: ({ userId }) =>
      database.transaction((transaction) => {
        const request = String(Math.floor(Date.now() / MAIL_EVERY_MS))
        return jobProducer.send(transaction, sendEmailVerification, { userId, request })
      }),

    issueVerification: (userId) =>
      database.transaction((transaction) => oneTimeTokens.issueToken(transaction, userId, PURPOSE)),
  }
}
