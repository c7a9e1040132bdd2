import { createHash } from 'node:crypto'
import type { AuditTrail } from '../shared/database/audit.js'
import type { Database } from '../shared/database/client.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { AccountsService } from '../users/users.container.js'
import { sendPasswordReset } from './auth.jobs.js'
import type { OneTimeTokensService } from './one-time-tokens.service.js'

/** One mail to one address in this time, however many ask for it: a mailbox is nobody's toy. */
const MAIL_EVERY_MS = 5 * 60_000

export interface PasswordRecoveryServiceNeeds {
  readonly database: Database
  readonly accountsService: AccountsService
  readonly jobProducer: JobProducer
  readonly auditTrail: AuditTrail
  readonly oneTimeTokens: OneTimeTokensService
}

/** A token on its way into a mail; nothing else has it. */
export interface MailedReset {
  readonly userId: string
  readonly token: string
}

export interface PasswordRecoveryService {
  /** Promises a mail if the address is somebody's. The same work for every address: see the job. */
  readonly forgotPassword: (email: string) => Promise<void>
  /** Makes the token for that mail; undefined when nobody has the address. */
  readonly issueReset: (email: string) => Promise<MailedReset | undefined>
}

/** The same for the same address within the time, whoever asks; the address cannot be read from it. */
const requestOf = (email: string): string => {
  const period = Math.floor(Date.now() / MAIL_EVERY_MS)
  return createHash('sha256').update(`${email}\n${period}`).digest('base64url')
}

export const createPasswordRecoveryService = (
  needs: PasswordRecoveryServiceNeeds,
): PasswordRecoveryService => {
  const { database, accountsService, jobProducer, auditTrail, oneTimeTokens } = needs

  return {
    forgotPassword: (email) =>
      database.transaction((transaction) =>
        jobProducer.send(transaction, sendPasswordReset, { email, request: requestOf(email) }),
      ),

    issueReset: async (email) => {
      const credentials = await accountsService.findCredentials(email)
      if (!credentials) return undefined
      const { userId } = credentials
      return database.transaction(async (transaction) => {
        const token = await oneTimeTokens.issueToken(transaction, userId, 'reset_password')
        const who = { actorId: null, subjectId: userId }
        await auditTrail.record(transaction, { action: 'password.reset_mailed', ...who, origin: null })
        return { userId, token }
      })
    },
  }
}
