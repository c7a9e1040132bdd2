import { and, isNull, sql } from 'drizzle-orm'
import type { Executor } from './client.js'
import { outbox } from './outbox.table.js'
import { type HeldRow, stillHeld } from './outbox-claims.js'

const PARKED_SECONDS = 60

/** Closes rows whose effect is done; whoever closed one before has done no harm. */
export const closeRows = async (executor: Executor, ids: readonly string[]): Promise<void> => {
  await executor
    .update(outbox)
    .set({ closedAt: sql`now()`, claimedUntil: null, parkedAt: null })
    // One parameter: a hundred of them take longer to build than Postgres takes for the rows.
    .where(and(sql`${outbox.id} = any(${sql.param([...ids])}::uuid[])`, isNull(outbox.closedAt)))
}

/**
 * Closes a row in the transaction of its effect, which holds it from then on.
 * @returns false when it is not ours any more: then the effect must not be committed
 */
export const closeInTransaction = async (executor: Executor, claim: HeldRow): Promise<boolean> => {
  const closed = await executor
    .update(outbox)
    .set({ closedAt: sql`now()`, claimedUntil: null, parkedAt: null })
    .where(stillHeld(claim))
    .returning({ id: outbox.id })
  return closed.length === 1
}

/** Closes a row with the reason why it will never be done. @returns false when it was not ours any more */
export const buryRow = async (executor: Executor, claim: HeldRow, failure: string): Promise<boolean> => {
  const buried = await executor
    .update(outbox)
    .set({
      closedAt: sql`now()`,
      failure,
      lastError: failure,
      attempts: sql`${outbox.attempts} + 1`,
      claimedUntil: null,
    })
    .where(stillHeld(claim))
    .returning({ id: outbox.id })
  return buried.length === 1
}

/** The row is nobody's any more, and its next handover is another one than the last. */
const NEXT_ROUND = {
  round: sql`${outbox.round} + 1`,
  handovers: 0,
  handedOverAt: null,
  claimedUntil: null,
  starts: 0,
}

export interface PutBack {
  readonly delayMs: number
  /** Whether it counts as a try that failed. */
  readonly counted: boolean
  /** Null: nothing went wrong with it. */
  readonly error: string | null
}

/** Gives a claimed row back to the relay, due in `delayMs`. */
export const putBackRow = async (executor: Executor, claim: HeldRow, back: PutBack): Promise<void> => {
  await executor
    .update(outbox)
    .set({
      ...NEXT_ROUND,
      dueAt: sql`now() + ${back.delayMs} * interval '1 millisecond'`,
      parkedAt: null,
      ...(back.counted && { attempts: sql`${outbox.attempts} + 1` }),
      ...(back.error !== null && { lastError: back.error }),
    })
    .where(stillHeld(claim))
}

/** Gives a row that nobody here understands back; it comes again once a minute, by then for a newer worker. */
export const parkRow = async (executor: Executor, claim: HeldRow): Promise<void> => {
  await executor
    .update(outbox)
    .set({
      ...NEXT_ROUND,
      dueAt: sql`now() + make_interval(secs => ${PARKED_SECONDS})`,
      parkedAt: sql`coalesce(${outbox.parkedAt}, now())`,
    })
    .where(stillHeld(claim))
}
