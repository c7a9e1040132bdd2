import type { AwilixContainer } from 'awilix'
import type { RefreshService, SessionsService } from '../sessions/sessions.container.js'
import type { AuditTrail } from '../shared/database/audit.js'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { AccountsService } from '../users/users.container.js'
import { createPasswords, type Passwords } from './auth.passwords.js'
import { createAuthService } from './auth.service.js'
import { createEmailVerificationService } from './email-verification.service.js'
import { createOneTimeTokensRepository } from './one-time-tokens.repository.js'
import { createOneTimeTokensService, type OneTimeTokensService } from './one-time-tokens.service.js'
import { createPasswordRecoveryService } from './password-recovery.service.js'
import { createPasswordsService } from './passwords.service.js'

export type { AuthService } from './auth.service.js'
export type { EmailVerificationService } from './email-verification.service.js'
export type { OneTimeTokensService } from './one-time-tokens.service.js'
export type { PasswordRecoveryService } from './password-recovery.service.js'
export type { PasswordsService } from './passwords.service.js'

export interface MailedTokensNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly auditTrail: AuditTrail
  readonly accountsService: AccountsService
}

interface WithTokens extends MailedTokensNeeds {
  readonly oneTimeTokens: OneTimeTokensService
}

/** Provides `oneTimeTokens`, `emailVerificationService` and `passwordRecoveryService`: what workers need to mail. */
export const registerMailedTokens = <C extends MailedTokensNeeds>(container: AwilixContainer<C>) => {
  const withTokens = provide(container, {
    oneTimeTokens: ({ database }: MailedTokensNeeds) =>
      createOneTimeTokensService({ database, repositoryOf: createOneTimeTokensRepository }),
  })
  return provide(withTokens, {
    emailVerificationService: (needs: WithTokens) => {
      const { database, accountsService, jobProducer, auditTrail, oneTimeTokens } = needs
      return createEmailVerificationService({
        database,
        accountsService,
        jobProducer,
        auditTrail,
        oneTimeTokens,
      })
    },
    passwordRecoveryService: (needs: WithTokens) => {
      const { database, accountsService, jobProducer, auditTrail, oneTimeTokens } = needs
      return createPasswordRecoveryService({
        database,
        accountsService,
        jobProducer,
        auditTrail,
        oneTimeTokens,
      })
    },
  })
}

export interface AuthNeeds extends WithTokens {
  readonly sessionsService: SessionsService
  readonly refreshService: RefreshService
  /** Passwords hashed at once. */
  readonly hashesAtOnce: number
}

interface WithPasswords extends AuthNeeds {
  readonly passwords: Passwords
}

/** Provides `passwords`, `authService` and `passwordsService`: what signs people in. */
export const registerAuth = <C extends AuthNeeds>(container: AwilixContainer<C>) => {
  const withPasswords = provide(container, {
    passwords: ({ hashesAtOnce }: AuthNeeds) => createPasswords(hashesAtOnce),
  })
  return provide(withPasswords, {
    authService: (needs: WithPasswords) => {
      const { database, accountsService, sessionsService, refreshService, auditTrail, passwords } = needs
      return createAuthService({
        database,
        accountsService,
        sessionsService,
        refreshService,
        auditTrail,
        passwords,
      })
    },
    passwordsService: (needs: WithPasswords) => {
      const { database, accountsService, sessionsService, jobProducer } = needs
      const { auditTrail, passwords, oneTimeTokens } = needs
      return createPasswordsService({
        database,
        accountsService,
        sessionsService,
        jobProducer,
        auditTrail,
        passwords,
        oneTimeTokens,
      })
    },
  })
}
