import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { Principal } from '../shared/principal.js'
import type { NewAccount, User, UsersService } from '../users/users.container.js'
import { invalidCredentials } from './auth.errors.js'
import type { AuthRepository } from './auth.repository.js'
import type { LogIn, Registration } from './auth.schemas.js'

const REFRESH_TOKEN_BYTES = 32
const REFRESH_TOKEN_SECONDS = 30 * 24 * 3_600

export interface AuthServiceNeeds {
  readonly usersService: UsersService
  readonly repository: AuthRepository
  readonly hashPassword: (password: string) => Promise<string>
  readonly verifyPassword: (passwordHash: string | undefined, password: string) => Promise<boolean>
}

/** A log-in that succeeded: who it is, and the one copy of the refresh token. */
export interface OpenedSession {
  readonly principal: Principal
  readonly refreshToken: string
  /** Seconds. */
  readonly refreshExpiresIn: number
}

export interface FirstAdmin {
  readonly email: string
  readonly password: string
}

export interface AuthService {
  /** Creates the account; the welcome mail follows. @throws email_taken */
  readonly register: (registration: Registration) => Promise<User>
  /** Opens a session. @throws invalid_credentials */
  readonly logIn: (credentials: LogIn) => Promise<OpenedSession>
  /** Makes the first admin if there is none. @returns whether it did */
  readonly ensureFirstAdmin: (admin: FirstAdmin) => Promise<boolean>
}

export const createAuthService = (needs: AuthServiceNeeds): AuthService => {
  const { usersService, repository, hashPassword, verifyPassword } = needs

  const openSession = async ({
    userId,
    role,
  }: Pick<Principal, 'userId' | 'role'>): Promise<OpenedSession> => {
    const sessionId = uuidv7()
    const refreshToken = randomBytes(REFRESH_TOKEN_BYTES).toString('base64url')
    await repository.insertSession({
      id: sessionId,
      userId,
      refreshTokenHash: hashToken(refreshToken),
      expiresAt: new Date(Date.now() + REFRESH_TOKEN_SECONDS * 1_000),
    })
    return {
      principal: { userId, sessionId, role },
      refreshToken,
      refreshExpiresIn: REFRESH_TOKEN_SECONDS,
    }
  }

  const accountOf = async (email: string, name: string, password: string): Promise<NewAccount> => ({
    email,
    name,
    passwordHash: await hashPassword(password),
  })

  return {
    register: async ({ email, name, password }) =>
      usersService.createUser(await accountOf(email, name, password)),

    logIn: async ({ email, password }) => {
      const credentials = await usersService.findCredentials(email)
      const matches = await verifyPassword(credentials?.passwordHash, password)
      if (!credentials || !matches) throw invalidCredentials()
      return openSession(credentials)
    },

    ensureFirstAdmin: async ({ email, password }) =>
      usersService.createFirstAdmin(await accountOf(email, 'Admin', password)),
  }
}

/** A fast hash will do: the token is 256 random bits, there is nothing to guess. */
const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()
