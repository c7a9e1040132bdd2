import { v7 as uuidv7 } from 'uuid'
import type { Database, Executor } from '../shared/database/client.js'
import type { JobProducer } from '../shared/queue/producer.js'
import { userNotFound } from './users.errors.js'
import { sendWelcome } from './users.jobs.js'
import type { Credentials, UsersRepository } from './users.repository.js'
import type { Profile, User } from './users.schemas.js'

export interface UsersServiceNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly repositoryOf: (executor: Executor) => UsersRepository
}

export interface NewAccount {
  readonly email: string
  readonly name: string
  /** Never the password itself: hashing is the business of `auth`. */
  readonly passwordHash: string
}

export interface UsersService {
  /** Creates the user and enqueues the welcome mail, both or neither. @throws email_taken */
  readonly createUser: (account: NewAccount) => Promise<User>
  /**
   * Creates an admin if there is none. The caller keeps others from doing so at the same time.
   * @returns whether it did. @throws email_taken when the address is an ordinary user's
   */
  readonly createFirstAdmin: (account: NewAccount) => Promise<boolean>
  /** @throws user_not_found */
  readonly getUser: (id: string) => Promise<User>
  /** @throws user_not_found */
  readonly getProfile: (id: string) => Promise<Profile>
  readonly findCredentials: (email: string) => Promise<Credentials | undefined>
}

export const createUsersService = ({
  database,
  jobProducer,
  repositoryOf,
}: UsersServiceNeeds): UsersService => {
  const repository = repositoryOf(database)

  return {
    createUser: (account) =>
      database.transaction(async (transaction) => {
        const user = await repositoryOf(transaction).insertUser({ id: uuidv7(), role: 'user', ...account })
        await jobProducer.send(transaction, sendWelcome, { to: user.email, userId: user.id })
        return user
      }),

    createFirstAdmin: async (account) => {
      if (await repository.hasAdmin()) return false
      await repository.insertUser({ id: uuidv7(), role: 'admin', ...account })
      return true
    },

    getUser: async (id) => orNotFound(await repository.findUser(id)),
    getProfile: async (id) => orNotFound(await repository.findProfile(id)),
    findCredentials: repository.findCredentials,
  }
}

const orNotFound = <T>(found: T | undefined): T => {
  if (found === undefined) throw userNotFound()
  return found
}
