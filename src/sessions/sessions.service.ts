import type { AuditTrail } from '../shared/database/audit.js'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import { newId } from '../shared/new-id.js'
import type { Origin } from '../shared/origin.js'
import type { Principal } from '../shared/principal.js'
import { sessionNotFound } from './sessions.errors.js'
import type { EndReason, SessionsRepository } from './sessions.repository.js'
import type { Session } from './sessions.schemas.js'
import { encodeToken, hashOf, newRefreshToken } from './sessions.tokens.js'
import type { SessionWatch } from './sessions.watch.js'

/** From log-in, however much it is used (NIST SP 800-63B-4, 2.1.3: at most 30 days). */
const SESSION_SECONDS = 30 * 24 * 3_600
/** Long enough for somebody to ask what happened. */
const KEEP_EXPIRED_DAYS = 7

export interface SessionsServiceNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly sessionWatch: SessionWatch
  readonly repositoryOf: (executor: Executor) => SessionsRepository
}

/** A session that begins or goes on, and the one copy of its refresh token. */
export interface ContinuedSession {
  readonly sessionId: string
  readonly userId: string
  readonly refreshToken: string
  /** Seconds. */
  readonly refreshExpiresIn: number
}

export interface SessionsService {
  /** Opens a session in the transaction that has made sure who it is. */
  readonly openSession: (
    transaction: Transaction,
    userId: string,
    origin: Origin,
  ) => Promise<ContinuedSession>
  /** One's own live sessions, newest first. */
  readonly listSessions: (owner: Principal, limit: number, after: string | undefined) => Promise<Session[]>
  /** Ends one's own session. @throws session_not_found also for somebody else's, or one that has ended */
  readonly endSession: (owner: Principal, id: string, origin: Origin) => Promise<void>
  /**
   * Ends all sessions of a user in the transaction that gives the reason; call `announceEnds` after it. Change
   * the user's row first: a log-in that holds it has its session before, and it ends here, or gets none.
   */
  readonly endSessionsOf: (
    transaction: Transaction,
    userId: string,
    reason: EndReason,
    except?: string,
  ) => Promise<void>
  /** Has this pod know at once what the others find out within a second. */
  readonly announceEnds: () => Promise<void>
  /** Forgets from where and with what the user was signed in. */
  readonly forgetDevicesOf: (transaction: Transaction, userId: string) => Promise<void>
  /** Asks Postgres, for when the watch does not know. */
  readonly isLive: (sessionId: string) => Promise<boolean>
  /** The same for many at once. @returns those that are live */
  readonly findLive: (sessionIds: readonly string[]) => Promise<string[]>
  /** Deletes up to `limit` long expired sessions. @returns how many it deleted */
  readonly pruneSessions: (transaction: Transaction, limit: number) => Promise<number>
}

export const createSessionsService = (needs: SessionsServiceNeeds): SessionsService => {
  const { database, auditTrail, sessionWatch, repositoryOf } = needs
  const repository = repositoryOf(database)

  return {
    openSession: async (transaction, userId, origin) => {
      const sessionId = newId()
      const token = newRefreshToken()
      const hashes = { familyHash: hashOf(token.family), refreshTokenHash: hashOf(token.secret) }
      const session = { id: sessionId, userId, ...hashes, lifetime: SESSION_SECONDS }
      await repositoryOf(transaction).insertSession(session, origin)
      return { sessionId, userId, refreshToken: encodeToken(token), refreshExpiresIn: SESSION_SECONDS }
    },

    listSessions: async ({ userId, sessionId }, limit, after) => {
      const sessions = await repository.listLive(userId, limit, after)
      return sessions.map((session) => ({ ...session, current: session.id === sessionId }))
    },

    endSession: async ({ userId, sessionId }, id, origin) => {
      const reason = id === sessionId ? 'logged_out' : 'ended_by_owner'
      const ended = await database.transaction(async (transaction) => {
        const found = await repositoryOf(transaction).endSession(id, userId, reason)
        const who = { actorId: userId, subjectId: userId, sessionId: id }
        if (found) await auditTrail.record(transaction, { action: 'session.ended', ...who, origin })
        return found
      })
      if (!ended) throw sessionNotFound()
      await sessionWatch.catchUp()
    },

    endSessionsOf: (transaction, userId, reason, except) =>
      repositoryOf(transaction).endSessionsOf(userId, reason, except),
    announceEnds: sessionWatch.catchUp,
    forgetDevicesOf: (transaction, userId) => repositoryOf(transaction).forgetDevicesOf(userId),
    isLive: async (sessionId) => (await repository.findLive([sessionId])).length === 1,
    findLive: repository.findLive,
    pruneSessions: (transaction, limit) => repositoryOf(transaction).deleteExpired(KEEP_EXPIRED_DAYS, limit),
  }
}
