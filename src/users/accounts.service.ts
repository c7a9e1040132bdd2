import type { AuditTrail } from '../shared/database/audit.js'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import { newId } from '../shared/new-id.js'
import type { Origin } from '../shared/origin.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { AdminsRepository } from './admins.repository.js'
import type { Credentials, CredentialsRepository } from './credentials.repository.js'
import { sendWelcome } from './users.jobs.js'
import type { UsersRepository, VersionedUser } from './users.repository.js'

export interface AccountsServiceNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly auditTrail: AuditTrail
  readonly usersOf: (executor: Executor) => UsersRepository
  readonly adminsOf: (executor: Executor) => AdminsRepository
  readonly credentialsOf: (executor: Executor) => CredentialsRepository
}

export interface NewAccount {
  readonly email: string
  readonly name: string
  /** Never the password itself: hashing is the business of `auth`. */
  readonly passwordHash: string
}

/** Accounts as `auth` needs them: who can log in, and with what. Disabled and deleted users cannot. */
export interface AccountsService {
  /** Creates the user and enqueues the welcome mail, both or neither. @throws email_taken */
  readonly createAccount: (account: NewAccount, origin: Origin) => Promise<VersionedUser>
  readonly hasAdmin: () => Promise<boolean>
  /** Creates an admin, whom nobody greets. @throws email_taken when the address is an ordinary user's */
  readonly createAdmin: (account: NewAccount) => Promise<void>
  readonly findCredentials: (email: string) => Promise<Credentials | undefined>
  readonly findCredentialsOf: (userId: string) => Promise<Credentials | undefined>
  /**
   * The credentials as they are by now, if the password is still the same; they stay so until the transaction
   * ends. Between a password's check and what it opens there is time to disable the user, to change the password,
   * or to take a role away.
   */
  readonly holdCredentials: (
    transaction: Transaction,
    credentials: Credentials,
  ) => Promise<Credentials | undefined>
  /** The same for a transaction that goes on to change them: one at a time. */
  readonly lockCredentials: (transaction: Transaction, credentials: Credentials) => Promise<boolean>
  /** Lock them first. */
  readonly setPasswordHash: (transaction: Transaction, userId: string, passwordHash: string) => Promise<void>
  /** @returns whether the user is there */
  readonly markEmailVerified: (transaction: Transaction, userId: string) => Promise<boolean>
}

export const createAccountsService = (needs: AccountsServiceNeeds): AccountsService => {
  const { database, jobProducer, auditTrail, usersOf, adminsOf, credentialsOf } = needs

  return {
    createAccount: (account, origin) =>
      database.transaction(async (transaction) => {
        const user = await usersOf(transaction).insertUser({ id: newId(), role: 'user', ...account })
        await jobProducer.send(transaction, sendWelcome, { userId: user.id })
        const who = { actorId: user.id, subjectId: user.id }
        await auditTrail.record(transaction, { action: 'user.registered', ...who, origin })
        return user
      }),

    hasAdmin: adminsOf(database).hasAdmin,

    createAdmin: (account) =>
      database.transaction(async (transaction) => {
        const { id } = await usersOf(transaction).insertUser({ id: newId(), role: 'admin', ...account })
        const entry = { action: 'user.registered', actorId: null, subjectId: id, origin: null } as const
        await auditTrail.record(transaction, { ...entry, details: { role: 'admin' } })
      }),

    findCredentials: credentialsOf(database).findByEmail,
    findCredentialsOf: credentialsOf(database).findById,

    holdCredentials: async (transaction, { userId, passwordHash }) => {
      const held = await credentialsOf(transaction).lock(userId, 'share')
      return held?.passwordHash === passwordHash ? held : undefined
    },
    lockCredentials: async (transaction, { userId, passwordHash }) =>
      (await credentialsOf(transaction).lock(userId, 'no key update'))?.passwordHash === passwordHash,

    setPasswordHash: (transaction, userId, passwordHash) =>
      credentialsOf(transaction).setPasswordHash(userId, passwordHash),
    markEmailVerified: (transaction, userId) => credentialsOf(transaction).markEmailVerified(userId),
  }
}
