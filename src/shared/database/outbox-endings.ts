import { and, eq, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import type { Executor } from './client.js'
import { outbox } from './outbox.table.js'
import { type HeldRow, stillHeld } from './outbox-claims.js'
import { defineCommand, type Places, queries } from './statement.js'

const PARKED_SECONDS = 60

// One parameter: a hundred of them take longer to build than Postgres takes for the rows.
const closeOpenRows = defineCommand((place: Places<{ ids: readonly string[] }>) =>
  queries
    .update(outbox)
    .set({ closedAt: sql`now()`, claimedUntil: null, parkedAt: null })
    .where(and(sql`${outbox.id} = any(${place('ids')}::uuid[])`, isNull(outbox.closedAt))),
)

/** Closes rows whose effect is done; whoever closed one before has done no harm. */
export const closeRows = (executor: Executor, ids: readonly string[]): Promise<void> =>
  closeOpenRows(executor, { ids })

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

/**
 * Whether the row has come to that end by this very claim: then the answer was lost on the way, and to ask again is the
 * same end. Nobody hears of a dead letter that is taken for somebody else's.
 */
const hasEndedSo = async (executor: Executor, claim: HeldRow, end: SQL | undefined): Promise<boolean> => {
  const ended = await executor
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(eq(outbox.id, claim.id), eq(outbox.claimId, claim.claimId), end))
  return ended.length === 1
}

const isDead = ({ round }: HeldRow) => and(eq(outbox.round, round), isNotNull(outbox.failure))
const isInNextRound = ({ round }: HeldRow) => eq(outbox.round, round + 1)

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
  return buried.length === 1 || hasEndedSo(executor, claim, isDead(claim))
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

/** Gives a claimed row back to the relay, due in `delayMs`. @returns false when it was not ours any more */
export const putBackRow = async (executor: Executor, claim: HeldRow, back: PutBack): Promise<boolean> => {
  const returned = await executor
    .update(outbox)
    .set({
      ...NEXT_ROUND,
      dueAt: sql`now() + ${back.delayMs} * interval '1 millisecond'`,
      parkedAt: null,
      ...(back.counted && { attempts: sql`${outbox.attempts} + 1` }),
      ...(back.error !== null && { lastError: back.error }),
    })
    .where(stillHeld(claim))
    .returning({ id: outbox.id })
  return returned.length === 1 || hasEndedSo(executor, claim, isInNextRound(claim))
}

/**
 * Gives a row that nobody here understands back; it comes again once a minute, by then for a newer worker.
 * @returns false when it was not ours any more
 */
export const parkRow = async (executor: Executor, claim: HeldRow): Promise<boolean> => {
  const parked = await executor
    .update(outbox)
    .set({
      ...NEXT_ROUND,
      dueAt: sql`now() + make_interval(secs => ${PARKED_SECONDS})`,
      parkedAt: sql`coalesce(${outbox.parkedAt}, now())`,
    })
    .where(stillHeld(claim))
    .returning({ id: outbox.id })
  return parked.length === 1 || hasEndedSo(executor, claim, isInNextRound(claim))
}
