import { and, desc, eq, gt, inArray, isNull, lt, ne, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import type { Origin } from '../shared/origin.js'
import type { Session } from './sessions.schemas.js'
import { sessions } from './sessions.table.js'

export type EndReason =
  | 'logged_out'
  | 'ended_by_owner'
  | 'token_reused'
  | 'password_changed'
  | 'password_reset'
  | 'role_changed'
  | 'user_disabled'
  | 'user_deleted'

export interface NewSession {
  readonly id: string
  readonly userId: string
  readonly familyHash: Buffer
  readonly refreshTokenHash: Buffer
  /** Seconds. */
  readonly lifetime: number
}

/** A family as a refresh finds it; no other refresh of the same family runs beside. */
export interface LockedFamily {
  readonly sessionId: string
  readonly userId: string
  readonly currentHash: Buffer
  readonly previousHash: Buffer | null
  readonly successorSeed: Buffer | null
  /** Since the current token was made from the previous one. */
  readonly secondsSinceRotation: number | null
  readonly secondsLeft: number
  readonly isEnded: boolean
}

export interface Rotation {
  readonly currentHash: Buffer
  readonly previousHash: Buffer
  readonly successorSeed: Buffer
}

const isLive = and(isNull(sessions.endedAt), gt(sessions.expiresAt, sql`now()`))
/** When it is written and not when its transaction began: readers look for what ended a moment ago. */
const end = (reason: EndReason) => ({ endedAt: sql`clock_timestamp()`, endReason: reason })

export const createSessionsRepository = (executor: Executor) => ({
  insertSession: async ({ lifetime, ...session }: NewSession, origin: Origin): Promise<void> => {
    const { address, userAgent } = origin
    const expiresAt = sql`now() + make_interval(secs => ${lifetime})`
    await executor.insert(sessions).values({ ...session, expiresAt, address, userAgent })
  },

  /** Locks the row: refreshes of one family come one after the other, on whatever pod. */
  lockFamily: async (familyHash: Buffer): Promise<LockedFamily | undefined> => {
    const [row] = await executor
      .select({
        sessionId: sessions.id,
        userId: sessions.userId,
        currentHash: sessions.refreshTokenHash,
        previousHash: sessions.previousTokenHash,
        successorSeed: sessions.successorSeed,
        secondsSinceRotation: sql<
          number | null
        >`extract(epoch from clock_timestamp() - ${sessions.rotatedAt})::float8`,
        secondsLeft: sql<number>`extract(epoch from ${sessions.expiresAt} - now())::float8`,
        isEnded: sql<boolean>`${sessions.endedAt} is not null`,
      })
      .from(sessions)
      .where(eq(sessions.familyHash, familyHash))
      .for('no key update')
    return row
  },

  rotate: async (sessionId: string, rotation: Rotation, { address, userAgent }: Origin): Promise<void> => {
    const { currentHash, previousHash, successorSeed } = rotation
    await executor
      .update(sessions)
      .set({
        refreshTokenHash: currentHash,
        previousTokenHash: previousHash,
        successorSeed,
        rotatedAt: sql`clock_timestamp()`,
        lastUsedAt: sql`now()`,
        address,
        userAgent,
      })
      .where(eq(sessions.id, sessionId))
  },

  /** Newest first. */
  listLive: async (
    userId: string,
    limit: number,
    after: string | undefined,
  ): Promise<Omit<Session, 'current'>[]> => {
    const behind = after === undefined ? undefined : lt(sessions.id, after)
    const rows = await executor
      .select()
      .from(sessions)
      .where(and(eq(sessions.userId, userId), isLive, behind))
      .orderBy(desc(sessions.id))
      .limit(limit)
    return rows.map(({ id, userAgent, address, createdAt, lastUsedAt, expiresAt }) => ({
      id,
      userAgent,
      address,
      createdAt: createdAt.toISOString(),
      lastUsedAt: lastUsedAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    }))
  },

  /** Those of the sessions that are live. */
  findLive: async (ids: readonly string[]): Promise<string[]> => {
    const rows = await executor
      .select({ id: sessions.id })
      .from(sessions)
      .where(and(inArray(sessions.id, [...ids]), isLive))
    return rows.map(({ id }) => id)
  },

  /** @returns whether it did: the session was live, and that user's */
  endSession: async (id: string, userId: string, reason: EndReason): Promise<boolean> => {
    const rows = await executor
      .update(sessions)
      .set(end(reason))
      .where(and(eq(sessions.id, id), eq(sessions.userId, userId), isLive))
      .returning({ id: sessions.id })
    return rows.length === 1
  },

  /** Ends all live sessions of the user, but for `except`. */
  endSessionsOf: async (userId: string, reason: EndReason, except: string | undefined): Promise<void> => {
    const others = except === undefined ? undefined : ne(sessions.id, except)
    await executor
      .update(sessions)
      .set(end(reason))
      .where(and(eq(sessions.userId, userId), isLive, others))
  },

  /** Forgets on what devices and from where a user was signed in. */
  forgetDevicesOf: async (userId: string): Promise<void> => {
    await executor.update(sessions).set({ userAgent: null, address: null }).where(eq(sessions.userId, userId))
  },

  /** Deletes up to `limit` sessions that expired more than `days` ago. @returns how many it deleted */
  deleteExpired: async (days: number, limit: number): Promise<number> => {
    const old = executor
      .select({ id: sessions.id })
      .from(sessions)
      .where(lt(sessions.expiresAt, sql`now() - make_interval(days => ${days})`))
      .limit(limit)
    const deleted = await executor
      .delete(sessions)
      .where(inArray(sessions.id, old))
      .returning({ id: sessions.id })
    return deleted.length
  },
})

export type SessionsRepository = ReturnType<typeof createSessionsRepository>
