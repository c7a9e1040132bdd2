import { asc, inArray, sql } from 'drizzle-orm'
import type { Transaction } from '../shared/database/client.js'
import { OUTBOX_CHANNEL } from '../shared/database/outbox.js'
import { outbox } from '../shared/database/outbox.table.js'
import { isDeadLetter } from './jobs.repository.js'
import type { FailedFilter } from './queues.schemas.js'

/** Dead letters that one call does something with: one statement, well within its time limit. */
export const MAX_AT_ONCE = 10_000
const SAMPLES = 10

export interface Match {
  readonly matched: number
  readonly more: boolean
  readonly sampleIds: string[]
}

export const createDeadLettersRepository = (transaction: Transaction) => {
  /** The first failures first; whatever somebody else has in hand at this moment is left to him. */
  const lockFirst = (queue: string, filter: FailedFilter) =>
    transaction
      .select({ id: outbox.id, closedAt: outbox.closedAt })
      .from(outbox)
      .where(isDeadLetter(queue, filter))
      .orderBy(asc(outbox.closedAt), asc(outbox.id))
      .limit(MAX_AT_ONCE)
      .for('update', { skipLocked: true })

  return {
    match: async (queue: string, filter: FailedFilter): Promise<Match> => {
      const first = transaction
        .select({ id: outbox.id, closedAt: outbox.closedAt })
        .from(outbox)
        .where(isDeadLetter(queue, filter))
        .orderBy(asc(outbox.closedAt), asc(outbox.id))
      const counted = first.limit(MAX_AT_ONCE + 1).as('counted')
      const [row] = await transaction.select({ n: sql<number>`count(*)::int` }).from(counted)
      const n = row?.n ?? 0
      const samples = await transaction
        .select({ id: outbox.id })
        .from(outbox)
        .where(isDeadLetter(queue, filter))
        .orderBy(asc(outbox.closedAt), asc(outbox.id))
        .limit(SAMPLES)
      return {
        matched: Math.min(n, MAX_AT_ONCE),
        more: n > MAX_AT_ONCE,
        sampleIds: samples.map(({ id }) => id),
      }
    },

    /**
     * Has them begin anew, `perSecond` of them due in each second, and wakes the relays. The round makes each of them
     * another job to the queue, which would drop what it thinks it has done.
     * @returns how many
     */
    requeue: async (queue: string, filter: FailedFilter, perSecond: number): Promise<number> => {
      const requeued = await transaction.execute(sql`
        with chosen as materialized ${lockFirst(queue, filter)},
        numbered as (select id, row_number() over (order by closed_at, id) - 1 as n from chosen)
        update outbox
        set closed_at = null, failure = null, attempts = 0, starts = 0, round = round + 1, handovers = 0,
          handed_over_at = null, claimed_until = null, parked_at = null,
          due_at = now() + numbered.n::float8 / ${perSecond}::float8 * interval '1 second'
        from numbered where outbox.id = numbered.id
        returning outbox.id`)
      await transaction.execute(sql`select pg_notify(${OUTBOX_CHANNEL}, '')`)
      return requeued.length
    },

    /** @returns how many */
    discard: async (queue: string, filter: FailedFilter): Promise<number> => {
      const chosen = transaction.$with('chosen').as(lockFirst(queue, filter))
      const discarded = await transaction
        .with(chosen)
        .update(outbox)
        .set({ discardedAt: sql`now()` })
        .where(inArray(outbox.id, transaction.select({ id: chosen.id }).from(chosen)))
        .returning({ id: outbox.id })
      return discarded.length
    },
  }
}

export type DeadLettersRepository = ReturnType<typeof createDeadLettersRepository>
