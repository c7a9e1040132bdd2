import type { AuditTrail } from '../shared/database/audit.js'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import type { Origin } from '../shared/origin.js'
import { invalidRefreshToken } from './sessions.errors.js'
import type { LockedFamily, SessionsRepository } from './sessions.repository.js'
import type { ContinuedSession } from './sessions.service.js'
import {
  decodeToken,
  encodeToken,
  hashOf,
  isSecret,
  newSeed,
  type RefreshToken,
  successorOf,
} from './sessions.tokens.js'
import type { SessionWatch } from './sessions.watch.js'

/** Parallel tabs, and a client that asks again because the answer got lost. */
const GRACE_SECONDS = 10

export interface RefreshServiceNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly sessionWatch: SessionWatch
  readonly repositoryOf: (executor: Executor) => SessionsRepository
}

export interface RefreshService {
  /**
   * Changes a refresh token for its successor. The same token again within 10 s gives the same successor;
   * later, as with any older token of the family, somebody else has it too: the session ends.
   * @throws invalid_refresh_token
   */
  readonly refresh: (refreshToken: string, origin: Origin) => Promise<ContinuedSession>
}

type Meaning =
  | { readonly kind: 'unusable' }
  | { readonly kind: 'current' }
  | { readonly kind: 'parent'; readonly seed: Buffer }
  | { readonly kind: 'reused' }

/** What it means that somebody shows this token; no clock and no database, so that the rule reads at once. */
const meaningOf = ({ secret }: RefreshToken, family: LockedFamily): Meaning => {
  const { currentHash, previousHash, successorSeed: seed, secondsSinceRotation } = family
  if (family.isEnded || family.secondsLeft <= 0) return { kind: 'unusable' }
  if (isSecret(secret, currentHash)) return { kind: 'current' }
  const inGrace = secondsSinceRotation !== null && secondsSinceRotation <= GRACE_SECONDS
  if (inGrace && seed !== null && isSecret(secret, previousHash)) return { kind: 'parent', seed }
  return { kind: 'reused' }
}

export const createRefreshService = (needs: RefreshServiceNeeds): RefreshService => {
  const { database, auditTrail, sessionWatch, repositoryOf } = needs

  const rotate = async (
    transaction: Transaction,
    parent: RefreshToken,
    { sessionId, currentHash }: LockedFamily,
    origin: Origin,
  ): Promise<RefreshToken> => {
    const successorSeed = newSeed()
    const successor = successorOf(parent, successorSeed)
    const rotation = { currentHash: hashOf(successor.secret), previousHash: currentHash, successorSeed }
    await repositoryOf(transaction).rotate(sessionId, rotation, origin)
    return successor
  }

  const endReused = async (transaction: Transaction, family: LockedFamily, origin: Origin): Promise<void> => {
    const { userId, sessionId } = family
    await repositoryOf(transaction).endSession(sessionId, userId, 'token_reused')
    // Who it was, the owner or a thief, is just what nobody knows.
    const who = { actorId: null, subjectId: userId, sessionId }
    await auditTrail.record(transaction, { action: 'session.token_reused', ...who, origin })
  }

  /** The session, or why there is none; returned and not thrown, since what it has caused is to be committed. */
  const exchange = (token: RefreshToken, origin: Origin): Promise<ContinuedSession | 'unusable' | 'reused'> =>
    database.transaction(async (transaction) => {
      const family = await repositoryOf(transaction).lockFamily(hashOf(token.family))
      if (!family) return 'unusable'
      const meaning = meaningOf(token, family)
      if (meaning.kind === 'unusable') return 'unusable'
      if (meaning.kind === 'reused') {
        await endReused(transaction, family, origin)
        return 'reused'
      }
      const successor =
        meaning.kind === 'parent'
          ? successorOf(token, meaning.seed)
          : await rotate(transaction, token, family, origin)
      const { sessionId, userId, secondsLeft } = family
      return {
        sessionId,
        userId,
        refreshToken: encodeToken(successor),
        refreshExpiresIn: Math.floor(secondsLeft),
      }
    })

  return {
    refresh: async (refreshToken, origin) => {
      const token = decodeToken(refreshToken)
      const session = token ? await exchange(token, origin) : 'unusable'
      if (session === 'reused') await sessionWatch.catchUp()
      if (typeof session === 'string') throw invalidRefreshToken()
      return session
    },
  }
}
