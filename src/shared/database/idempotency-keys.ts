import { and, eq, gt, inArray, lte, sql } from 'drizzle-orm'
import type { Executor, Transaction } from './client.js'
import { idempotencyKeys } from './idempotency-keys.table.js'
import { defineQuery, type Places, queries } from './statement.js'

const KEEP_HOURS = 24

/** One key of one user at one route: anybody else's same text is another key. */
export interface KeyScope {
  readonly userId: string
  /** Method and template, e.g. `POST /v1/orders`. */
  readonly route: string
  readonly key: string
}

/** An answer as it was sent the first time. */
export interface RememberedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type KeptAnswer = RememberedAnswer & { readonly fingerprint: Buffer }

const oldest = sql`now() - make_interval(hours => ${KEEP_HOURS})`
const isOld = lte(idempotencyKeys.createdAt, oldest)

const answerColumns = {
  status: idempotencyKeys.status,
  headers: idempotencyKeys.headers,
  body: idempotencyKeys.body,
  fingerprint: idempotencyKeys.fingerprint,
}

const selectAnswer = defineQuery(
  answerColumns,
  (place: Places<{ userId: string; route: string; key: string }>) =>
    queries
      .select(answerColumns)
      .from(idempotencyKeys)
      .where(
        and(
          eq(idempotencyKeys.userId, place('userId')),
          eq(idempotencyKeys.route, place('route')),
          eq(idempotencyKeys.key, place('key')),
          gt(idempotencyKeys.createdAt, oldest),
        ),
      ),
)

/**
 * Takes the key until the transaction ends, on whatever pod it is asked for. An advisory lock and not the row: an insert
 * would wait for another one of the same key, and nobody is to wait.
 * @returns false when another request has it; also for 1 in 2^64 other keys, whose client then tries again
 */
export const takeKey = async (
  transaction: Transaction,
  { userId, route, key }: KeyScope,
): Promise<boolean> => {
  const [row] = await transaction.execute<{ taken: boolean }>(sql`
    select pg_try_advisory_xact_lock(hashtextextended(${`${userId} ${route} ${key}`}, 0)) as taken`)
  return row?.taken === true
}

/** Take the key first. */
export const findAnswer = async (executor: Executor, scope: KeyScope): Promise<KeptAnswer | undefined> => {
  const [row] = await selectAnswer(executor, { ...scope })
  return row
}

/** Remembers the answer in the transaction of what it tells; in place of one that is too old to be found. */
export const rememberAnswer = async (
  transaction: Transaction,
  scope: KeyScope,
  answer: KeptAnswer,
): Promise<void> => {
  await transaction
    .insert(idempotencyKeys)
    .values({ ...scope, ...answer })
    .onConflictDoUpdate({
      target: [idempotencyKeys.userId, idempotencyKeys.route, idempotencyKeys.key],
      set: { ...answer, createdAt: sql`now()` },
    })
}

/** Deletes up to `limit` keys that are too old to be found. @returns how many it deleted */
export const pruneKeys = async (executor: Executor, limit: number): Promise<number> => {
  const { userId, route, key } = idempotencyKeys
  const old = executor.select({ userId, route, key }).from(idempotencyKeys).where(isOld).limit(limit)
  const deleted = await executor
    .delete(idempotencyKeys)
    // Once more: a key that was used again in the meantime is young, and its answer is needed.
    .where(and(inArray(sql`(${userId}, ${route}, ${key})`, old), isOld))
    .returning({ key })
  return deleted.length
}
