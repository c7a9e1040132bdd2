import { and, eq, gt, inArray, lte, sql } from 'drizzle-orm'
import type { Executor, Transaction } from './client.js'
import { idempotencyKeys } from './idempotency-keys.table.js'
import { defineCommand, defineQuery, type Places, queries } from './statement.js'

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

const upsertAnswer = defineCommand(
  (place: Places<Pick<KeyScope & KeptAnswer, keyof (KeyScope & KeptAnswer)>>) =>
    queries
      .insert(idempotencyKeys)
      .values({
        userId: place('userId'),
        route: place('route'),
        key: place('key'),
        fingerprint: place('fingerprint'),
        status: place('status'),
        headers: place('headers'),
        body: place('body'),
      })
      .onConflictDoUpdate({
        target: [idempotencyKeys.userId, idempotencyKeys.route, idempotencyKeys.key],
        set: {
          fingerprint: sql`excluded.fingerprint`,
          status: sql`excluded.status`,
          headers: sql`excluded.headers`,
          body: sql`excluded.body`,
          createdAt: sql`now()`,
        },
      }),
)

const takenColumn = { taken: sql<boolean>`taken` }

const selectTaken = defineQuery(takenColumn, (place: Places<{ scope: string }>) =>
  queries
    .select(takenColumn)
    .from(sql`pg_try_advisory_xact_lock(hashtextextended(${place('scope')}, 0)) as taken`),
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
  const [row] = await selectTaken(transaction, { scope: `${userId} ${route} ${key}` })
  return row?.taken === true
}

/** Take the key first: a statement of its own, so that this one sees what whoever had it has committed. */
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
  await upsertAnswer(transaction, { ...scope, ...answer })
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
