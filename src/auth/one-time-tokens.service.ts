import { createHash, randomBytes } from 'node:crypto'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import type { Purpose } from './auth.purposes.js'
import type { OneTimeTokensRepository } from './one-time-tokens.repository.js'

/** Seconds that a token is good for. A reset opens the account: it has an hour. */
const LIFETIME: Readonly<Record<Purpose, number>> = {
  verify_email: 3 * 24 * 3_600,
  reset_password: 3_600,
}
const TOKEN_BYTES = 32

export interface OneTimeTokensServiceNeeds {
  readonly database: Database
  readonly repositoryOf: (executor: Executor) => OneTimeTokensRepository
}

/*
 * Each try of a mail makes a token of its own, and an earlier one stays good until it is used, discarded or old. One
 * token for all tries would have to be made again from what is kept, and so could be made by whoever reads the database;
 * only one more secret outside of it would change that. Nor may a later try void the earlier one's token: a mail that
 * came twice shows as one, by its Message-ID, and nobody knows which. What a failed try leaves is a hash that nobody has
 * the token of. And "within an hour" counts from the mail that came.
 */

/** Tokens that travel by mail: whoever sends one back reads the mailbox. Each works once. */
export interface OneTimeTokensService {
  /** Makes one for a mail; what is returned is its only copy. */
  readonly issueToken: (transaction: Transaction, userId: string, purpose: Purpose) => Promise<string>
  /** Whose it is, without using it; undefined when it is no good. */
  readonly ownerOf: (token: string, purpose: Purpose) => Promise<string | undefined>
  /** Uses it: of two at the same time one gets the owner. */
  readonly takeToken: (
    transaction: Transaction,
    token: string,
    purpose: Purpose,
  ) => Promise<string | undefined>
  /** Forgets what else was mailed to the user for that purpose. */
  readonly discardTokens: (transaction: Transaction, userId: string, purpose: Purpose) => Promise<void>
  /** Deletes up to `limit` expired ones. @returns how many it deleted */
  readonly pruneExpired: (transaction: Transaction, limit: number) => Promise<number>
}

/** A fast hash will do: the token is 256 random bits, there is nothing to guess. */
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

export const createOneTimeTokensService = (needs: OneTimeTokensServiceNeeds): OneTimeTokensService => {
  const { database, repositoryOf } = needs

  return {
    issueToken: async (transaction, userId, purpose) => {
      const token = randomBytes(TOKEN_BYTES).toString('base64url')
      const row = { tokenHash: hashOf(token), userId, purpose, lifetime: LIFETIME[purpose] }
      await repositoryOf(transaction).insertToken(row)
      return token
    },
    ownerOf: (token, purpose) => repositoryOf(database).findOwner(hashOf(token), purpose),
    takeToken: (transaction, token, purpose) => repositoryOf(transaction).takeToken(hashOf(token), purpose),
    discardTokens: (transaction, userId, purpose) =>
      repositoryOf(transaction).deleteTokensOf(userId, purpose),
    pruneExpired: (transaction, limit) => repositoryOf(transaction).deleteExpired(limit),
  }
}
