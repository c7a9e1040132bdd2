import type { AwilixContainer } from 'awilix'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import type { JobProducer } from '../shared/queue/producer.js'
import { createUsersRepository } from './users.repository.js'
import { createUsersService } from './users.service.js'

export type { Credentials } from './users.repository.js'
export type { User } from './users.schemas.js'
export type { NewAccount, UsersService } from './users.service.js'

export interface UsersNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
}

/** Provides `usersService`. */
export const registerUsers = <C extends UsersNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    usersService: ({ database, jobProducer }: UsersNeeds) =>
      createUsersService({ database, jobProducer, repositoryOf: createUsersRepository }),
  })
