import { sql } from 'drizzle-orm'
import type { Executor } from './client.js'

/** A row on its way to its queue. */
export interface Handover {
  readonly id: string
  readonly round: number
  readonly queue: string
  readonly name: string
}

/**
 * A handed-over row of which nothing was heard for so many seconds is handed over again; the time doubles with each
 * handover, so that a long backlog is not written anew every minute, up to a quarter of an hour. Longer than the lease of
 * a short job, whose claim then need not put it off (see `claimRows`).
 */
const HANDOVER_SECONDS = 60
const MAX_DOUBLINGS = 4
const LONGEST_HANDOVER_SECONDS = HANDOVER_SECONDS * 2 ** MAX_DOUBLINGS

/** The queues that have open rows, a look into the index for each; the last row is null. */
const openQueues = sql`open as (
      (select queue from outbox where closed_at is null order by queue limit 1)
      union all
      select (select queue from outbox where closed_at is null and queue > open.queue order by queue limit 1)
      from open where queue is not null
    )`

/** `between` keeps the planner from walking through what other queues have in the index. */
const isOpenInQueue = sql`outbox.queue between open.queue and open.queue and closed_at is null`

/**
 * Takes up to `limit` rows of each queue but the `full` ones whose time has come, the longest due first. Rows that
 * another relay takes at this moment are passed over, so any number of relays share the work. No lock is kept while the
 * queue is told: a relay that dies on the way costs the rows the time until they are due again. Queue by queue, a look
 * into the index for each: what one cannot take stands in no other's way. The array keeps the planner from reading the
 * whole table when it expects many rows.
 */
export const takeDueRows = async (
  executor: Executor,
  limit: number,
  full: readonly string[],
): Promise<Handover[]> => {
  const taken = await executor.execute<Record<keyof Handover, unknown>>(sql`
    with recursive ${openQueues}
    update outbox
    set handed_over_at = now(), handovers = handovers + 1, claimed_until = null,
        ready_at = case when handovers = 0 then due_at else coalesce(ready_at, due_at) end,
        due_at = now() + make_interval(secs => ${HANDOVER_SECONDS} * 2 ^ least(handovers, ${MAX_DOUBLINGS}))
    where id = any(array(
      select due.id from open cross join lateral (
        select id from outbox
        where ${isOpenInQueue} and due_at <= now()
        order by outbox.queue, due_at limit ${limit} for update skip locked
      ) as due
      where open.queue <> all(${sql.param([...full])}::text[])
    ))
    returning id, round, queue, name`)
  // The columns' types are the table's.
  return [...taken] as unknown as Handover[]
}

/** Undoes a handover that did not come off, so that the rows need not wait for their next one. */
export const untakeRows = async (executor: Executor, rows: readonly Handover[]): Promise<void> => {
  const ids = sql.param(rows.map(({ id }) => id))
  const rounds = sql.param(rows.map(({ round }) => round))
  await executor.execute(sql`
    update outbox set handed_over_at = null, handovers = greatest(handovers - 1, 0), due_at = coalesce(ready_at, now())
    from unnest(${ids}::uuid[], ${rounds}::int[]) as taken (id, round)
    where outbox.id = taken.id and outbox.round = taken.round and closed_at is null and claimed_until is null`)
}

/** Whether a row is due that no relay has taken. */
export const isAnythingDue = async (executor: Executor): Promise<boolean> => {
  const due = await executor.execute(sql`
    with recursive ${openQueues}
    select from open cross join lateral (
      select from outbox where ${isOpenInQueue} and due_at <= now() limit 1
    ) as due
    limit 1`)
  return due.length > 0
}

/**
 * Makes up to `limit` rows due that are in the queue and in nobody's hand: the queue has lost all it had. Their next
 * handover is how they are found; those for which it is time already need no recall.
 * @param sinceLookSeconds since the queue was seen to be empty: what another relay has handed over behind that is in it
 * @returns how many
 */
export const recallRows = async (
  executor: Executor,
  limit: number,
  sinceLookSeconds: number,
): Promise<number> => {
  const recalled = await executor.execute(sql`
    with recursive ${openQueues}
    update outbox set handed_over_at = null, handovers = 0, due_at = coalesce(ready_at, now())
    where id = any(array(
      select queued.id from open cross join lateral (
        select id from outbox
        where ${isOpenInQueue}
          and due_at > now() and due_at <= now() + make_interval(secs => ${LONGEST_HANDOVER_SECONDS})
          and handed_over_at <= now() - make_interval(secs => ${sinceLookSeconds}) and (claimed_until is null or claimed_until <= now())
        order by outbox.queue, due_at limit ${limit} for update skip locked
      ) as queued
      limit ${limit}
    ))
    returning id`)
  return recalled.length
}
