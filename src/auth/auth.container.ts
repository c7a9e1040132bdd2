import type { AwilixContainer } from 'awilix'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import type { UsersService } from '../users/users.container.js'
import { hashPassword, verifyPassword } from './auth.passwords.js'
import { createAuthRepository } from './auth.repository.js'
import { createAuthService } from './auth.service.js'

export type { AuthService } from './auth.service.js'

export interface AuthNeeds {
  readonly database: Database
  readonly usersService: UsersService
}

/** Provides `authService`. */
export const registerAuth = <C extends AuthNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    authService: ({ database, usersService }: AuthNeeds) =>
      createAuthService({
        usersService,
        repository: createAuthRepository(database),
        hashPassword,
        verifyPassword,
      }),
  })
