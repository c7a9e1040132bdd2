import { and, eq, gt, inArray, lt, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import type { Purpose } from './auth.purposes.js'
import { oneTimeTokens } from './one-time-tokens.table.js'

export interface NewOneTimeToken {
  readonly tokenHash: Buffer
  readonly userId: string
  readonly purpose: Purpose
  /** Seconds. */
  readonly lifetime: number
}

const isGood = (tokenHash: Buffer, purpose: Purpose) =>
  and(
    eq(oneTimeTokens.tokenHash, tokenHash),
    eq(oneTimeTokens.purpose, purpose),
    gt(oneTimeTokens.expiresAt, sql`now()`),
  )

export const createOneTimeTokensRepository = (executor: Executor) => ({
  insertToken: async ({ lifetime, ...token }: NewOneTimeToken): Promise<void> => {
    const expiresAt = sql`now() + make_interval(secs => ${lifetime})`
    await executor.insert(oneTimeTokens).values({ ...token, expiresAt })
  },

  /** Whose it is, without using it. */
  findOwner: async (tokenHash: Buffer, purpose: Purpose): Promise<string | undefined> => {
    const [row] = await executor
      .select({ userId: oneTimeTokens.userId })
      .from(oneTimeTokens)
      .where(isGood(tokenHash, purpose))
    return row?.userId
  },

  /** Uses it: of two at the same time one gets the owner. */
  takeToken: async (tokenHash: Buffer, purpose: Purpose): Promise<string | undefined> => {
    const [row] = await executor
      .delete(oneTimeTokens)
      .where(isGood(tokenHash, purpose))
      .returning({ userId: oneTimeTokens.userId })
    return row?.userId
  },

  /** Forgets what else was mailed to the user for that purpose. */
  deleteTokensOf: async (userId: string, purpose: Purpose): Promise<void> => {
    await executor
      .delete(oneTimeTokens)
      .where(and(eq(oneTimeTokens.userId, userId), eq(oneTimeTokens.purpose, purpose)))
  },

  /** Deletes up to `limit` expired ones. @returns how many it deleted */
  deleteExpired: async (limit: number): Promise<number> => {
    const old = executor
      .select({ tokenHash: oneTimeTokens.tokenHash })
      .from(oneTimeTokens)
      .where(lt(oneTimeTokens.expiresAt, sql`now()`))
      .limit(limit)
    const deleted = await executor
      .delete(oneTimeTokens)
      .where(inArray(oneTimeTokens.tokenHash, old))
      .returning({ userId: oneTimeTokens.userId })
    return deleted.length
  },
})

export type OneTimeTokensRepository = ReturnType<typeof createOneTimeTokensRepository>
