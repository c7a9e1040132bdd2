import type { ContinuedSession, RefreshService, SessionsService } from '../sessions/sessions.container.js'
import type { AuditTrail } from '../shared/database/audit.js'
import type { Database } from '../shared/database/client.js'
import { unauthenticated, validationFailed } from '../shared/errors.js'
import type { Origin } from '../shared/origin.js'
import { type Principal, ROLES, type Role } from '../shared/principal.js'
import type { AccountsService, Credentials, NewAccount, User } from '../users/users.container.js'
import { invalidCredentials } from './auth.errors.js'
import { faultOfPassword } from './auth.password-rules.js'
import type { Passwords } from './auth.passwords.js'
import type { LogIn, Registration } from './auth.schemas.js'

export interface AuthServiceNeeds {
  readonly database: Database
  readonly accountsService: AccountsService
  readonly sessionsService: SessionsService
  readonly refreshService: RefreshService
  readonly auditTrail: AuditTrail
  readonly passwords: Passwords
}

/** A session that begins or goes on: who it is, and the one copy of the refresh token. */
export interface SignedIn {
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
  /** Creates the account; the welcome mail follows. @throws email_taken, unavailable */
  readonly register: (registration: Registration, origin: Origin) => Promise<User>
  /** Opens a session. @throws invalid_credentials, unavailable */
  readonly logIn: (credentials: LogIn, origin: Origin) => Promise<SignedIn>
  /** The same for admins alone: whoever is none gets what a wrong password gets, and no session. */
  readonly logInAdmin: (credentials: LogIn, origin: Origin) => Promise<SignedIn>
  /** Goes on with a session, in the role that the user has by now. @throws invalid_refresh_token, unauthenticated */
  readonly refresh: (refreshToken: string, origin: Origin) => Promise<SignedIn>
  /**
   * Makes the first admin if there is none; the caller keeps others from doing so at the same time.
   * @returns whether it did. @throws email_taken, validation_failed
   */
  readonly ensureFirstAdmin: (admin: FirstAdmin) => Promise<boolean>
}

const signedIn = (session: ContinuedSession, { role }: Pick<Credentials, 'role'>): SignedIn => {
  const { userId, sessionId, refreshToken, refreshExpiresIn } = session
  return { principal: { userId, sessionId, role }, refreshToken, refreshExpiresIn }
}

export const createAuthService = (needs: AuthServiceNeeds): AuthService => {
  const { database, accountsService, sessionsService, refreshService, auditTrail, passwords } = needs

  const accountOf = async (email: string, name: string, password: string): Promise<NewAccount> => ({
    email,
    name,
    passwordHash: await passwords.hash(password),
  })

  /** Undefined when the credentials or the role changed, or the user was disabled, since they were read. */
  const openSession = (
    credentials: Credentials,
    roles: readonly Role[],
    origin: Origin,
  ): Promise<SignedIn | undefined> =>
    database.transaction(async (transaction) => {
      const held = await accountsService.holdCredentials(transaction, credentials)
      if (!held || !roles.includes(held.role)) return undefined
      const { userId } = held
      const session = await sessionsService.openSession(transaction, userId, origin)
      const who = { actorId: userId, subjectId: userId, sessionId: session.sessionId }
      await auditTrail.record(transaction, { action: 'login.succeeded', ...who, origin })
      return signedIn(session, held)
    })

  const recordFailure = (credentials: Credentials | undefined, origin: Origin): Promise<void> =>
    database.transaction((transaction) =>
      auditTrail.record(transaction, {
        action: 'login.failed',
        actorId: null,
        subjectId: credentials?.userId ?? null,
        origin,
      }),
    )

  const logInAs = async (
    roles: readonly Role[],
    { email, password }: LogIn,
    origin: Origin,
  ): Promise<SignedIn> => {
    const credentials = await accountsService.findCredentials(email)
    const matches = await passwords.verify(credentials?.passwordHash, password)
    const opened = credentials && matches ? await openSession(credentials, roles, origin) : undefined
    if (opened) return opened
    await recordFailure(credentials, origin)
    throw invalidCredentials()
  }

  return {
    register: async ({ email, name, password }, origin) =>
      accountsService.createAccount(await accountOf(email, name, password), origin),

    logIn: (credentials, origin) => logInAs(ROLES, credentials, origin),
    logInAdmin: (credentials, origin) => logInAs(['admin'], credentials, origin),

    refresh: async (refreshToken, origin) => {
      const session = await refreshService.refresh(refreshToken, origin)
      const credentials = await accountsService.findCredentialsOf(session.userId)
      // Disabled or deleted a moment ago: the session that was just refreshed has ended with it.
      if (!credentials) throw unauthenticated()
      return signedIn(session, credentials)
    },

    ensureFirstAdmin: async ({ email, password }) => {
      if (await accountsService.hasAdmin()) return false
      const message = faultOfPassword(password)
      if (message !== undefined) throw validationFailed({ detail: `the password ${message}` })
      await accountsService.createAdmin(await accountOf(email, 'Admin', password))
      return true
    },
  }
}
