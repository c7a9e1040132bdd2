import type { SessionsService } from '../sessions/sessions.container.js'
import type { AuditEntry, AuditTrail } from '../shared/database/audit.js'
import type { Database, Transaction } from '../shared/database/client.js'
import { newId } from '../shared/new-id.js'
import type { Origin } from '../shared/origin.js'
import type { Principal } from '../shared/principal.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { AccountsService } from '../users/users.container.js'
import { invalidCredentials, invalidOneTimeToken } from './auth.errors.js'
import { sendPasswordChanged } from './auth.jobs.js'
import type { Passwords } from './auth.passwords.js'
import type { PasswordChange, PasswordReset } from './auth.schemas.js'
import type { OneTimeTokensService } from './one-time-tokens.service.js'

export interface PasswordsServiceNeeds {
  readonly database: Database
  readonly accountsService: AccountsService
  readonly sessionsService: SessionsService
  readonly jobProducer: JobProducer
  readonly auditTrail: AuditTrail
  readonly passwords: Passwords
  readonly oneTimeTokens: OneTimeTokensService
}

export interface PasswordsService {
  /** Changes it; all other sessions end. @throws invalid_credentials, unavailable */
  readonly changePassword: (owner: Principal, change: PasswordChange, origin: Origin) => Promise<void>
  /** Sets a new password with a mailed token; all sessions end. @throws invalid_one_time_token, unavailable */
  readonly resetPassword: (reset: PasswordReset, origin: Origin) => Promise<void>
}

export const createPasswordsService = (needs: PasswordsServiceNeeds): PasswordsService => {
  const { database, accountsService, sessionsService, jobProducer } = needs
  const { auditTrail, passwords, oneTimeTokens } = needs

  const record = (entry: AuditEntry): Promise<void> =>
    database.transaction((transaction) => auditTrail.record(transaction, entry))

  /** The caller has locked the credentials. */
  const setPassword = async (
    transaction: Transaction,
    userId: string,
    passwordHash: string,
  ): Promise<void> => {
    await accountsService.setPasswordHash(transaction, userId, passwordHash)
    // Whoever holds a mailed token could undo it.
    await oneTimeTokens.discardTokens(transaction, userId, 'reset_password')
    await jobProducer.send(transaction, sendPasswordChanged, { userId, change: newId() })
  }

  const refuseReset = async (subjectId: string | null, origin: Origin): Promise<never> => {
    await record({ action: 'password.reset_failed', actorId: null, subjectId, origin })
    throw invalidOneTimeToken()
  }

  return {
    changePassword: async ({ userId, sessionId }, { currentPassword, newPassword }, origin) => {
      const who = { actorId: userId, subjectId: userId, sessionId, origin }
      const credentials = await accountsService.findCredentialsOf(userId)
      if (!(await passwords.verify(credentials?.passwordHash, currentPassword))) {
        await record({ action: 'password.change_failed', ...who })
        throw invalidCredentials()
      }
      const passwordHash = await passwords.hash(newPassword)
      const changed = await database.transaction(async (transaction) => {
        if (!credentials || !(await accountsService.lockCredentials(transaction, credentials))) return false
        await setPassword(transaction, userId, passwordHash)
        await sessionsService.endSessionsOf(transaction, userId, 'password_changed', sessionId)
        await auditTrail.record(transaction, { action: 'password.changed', ...who })
        return true
      })
      if (!changed) throw invalidCredentials()
      await sessionsService.announceEnds()
    },

    resetPassword: async ({ token, password }, origin) => {
      // Before the costly hash: a made-up token is refused for next to nothing.
      const userId = await oneTimeTokens.ownerOf(token, 'reset_password')
      const credentials = userId && (await accountsService.findCredentialsOf(userId))
      if (!credentials) return refuseReset(userId ?? null, origin)
      const passwordHash = await passwords.hash(password)
      const done = await database.transaction(async (transaction) => {
        // The user's row before the token's: two resets of one user would else wait for each other.
        if (!(await accountsService.lockCredentials(transaction, credentials))) return false
        if (!(await oneTimeTokens.takeToken(transaction, token, 'reset_password'))) return false
        await setPassword(transaction, userId, passwordHash)
        // Whoever has the token reads the mailbox.
        await accountsService.markEmailVerified(transaction, userId)
        await sessionsService.endSessionsOf(transaction, userId, 'password_reset')
        const who = { actorId: userId, subjectId: userId }
        await auditTrail.record(transaction, { action: 'password.reset', ...who, origin })
        return true
      })
      if (!done) return refuseReset(userId, origin)
      await sessionsService.announceEnds()
    },
  }
}
