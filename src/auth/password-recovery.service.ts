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

/** Whose password it is; the address alone, where the release before asked. */
export interface ResetRequest {
  readonly userId: string | null
  readonly email?: string | undefined
}

export interface PasswordRecoveryService {
  /** Promises a mail if the address is somebody's. The same work for every address: see the job. */
  readonly forgotPassword: (email: string) => Promise<void>
  /** Makes the token for that mail; undefined when there is nobody to get one. */
  readonly issueReset: (request: ResetRequest) => Promise<MailedReset | undefined>
}

/** 2^24 places for those whom nobody knows. */
const PLACE_BYTES = 3

/**
 * The same for the same address within the time, whoever asks. For a user it is made of the id, for nobody of a number
 * that a few hundred addresses of this world share: unlike a hash it cannot be tried out on a list of addresses. That
 * two of them meet costs nobody a mail.
 */
const requestOf = (userId: string | null, email: string): string => {
  const period = Math.floor(Date.now() / MAIL_EVERY_MS)
  const place = createHash('sha256').update(email).digest().readUIntBE(0, PLACE_BYTES)
  return `${userId ?? `nobody-${place}`}-${period}`
}

export const createPasswordRecoveryService = (
  needs: PasswordRecoveryServiceNeeds,
): PasswordRecoveryService => {
  const { database, accountsService, jobProducer, auditTrail, oneTimeTokens } = needs

  return {
    // One look-up and one row, whoever has the address. That the look-up finds something is a few microseconds next
    // to a commit's milliseconds; leaving it to the worker would leave the address in the row (docs/mail.md).
    forgotPassword: async (email) => {
      const credentials = await accountsService.findCredentials(email)
      const userId = credentials?.userId ?? null
      await database.transaction((transaction) =>
        jobProducer.send(transaction, sendPasswordReset, { userId, request: requestOf(userId, email) }),
      )
    },

    issueReset: async (request) => {
      const credentials = request.userId
        ? await accountsService.findCredentialsOf(request.userId)
        : request.email && (await accountsService.findCredentials(request.email))
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
