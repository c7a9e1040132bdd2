import type { AwilixContainer } from 'awilix'
import type { SessionsService } from '../sessions/sessions.container.js'
import type { AuditTrail } from '../shared/database/audit.js'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { MediaService } from '../uploads/uploads.container.js'
import { createAccountsService } from './accounts.service.js'
import { createAdministrationService } from './administration.service.js'
import { createAdminsRepository } from './admins.repository.js'
import { createCredentialsRepository } from './credentials.repository.js'
import { createUsersRepository } from './users.repository.js'
import { createUsersService } from './users.service.js'

export type { AccountsService, NewAccount } from './accounts.service.js'
export type { AdministrationService } from './administration.service.js'
export type { Credentials } from './credentials.repository.js'
export type { User } from './users.schemas.js'
export type { UsersService } from './users.service.js'

export interface UsersNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly auditTrail: AuditTrail
  readonly sessionsService: SessionsService
  readonly mediaService: MediaService
}

/** Provides `usersService`, `administrationService` and, for `auth`, `accountsService`. */
export const registerUsers = <C extends UsersNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    usersService: ({ database, auditTrail, sessionsService, mediaService }: UsersNeeds) =>
      createUsersService({
        database,
        auditTrail,
        sessionsService,
        mediaService,
        repositoryOf: createUsersRepository,
        adminsOf: createAdminsRepository,
      }),
    administrationService: ({ database, auditTrail, sessionsService }: UsersNeeds) =>
      createAdministrationService({
        database,
        auditTrail,
        sessionsService,
        repositoryOf: createUsersRepository,
        adminsOf: createAdminsRepository,
      }),
    accountsService: ({ database, jobProducer, auditTrail }: UsersNeeds) =>
      createAccountsService({
        database,
        jobProducer,
        auditTrail,
        usersOf: createUsersRepository,
        adminsOf: createAdminsRepository,
        credentialsOf: createCredentialsRepository,
      }),
  })
