import { and, eq, isNull, or, sql } from 'drizzle-orm'
import type { Executor } from './client.js'
import { outbox } from './outbox.table.js'
import { defineQuery, type Places, queries } from './statement.js'

/** Which row, and which round of it: an answer to an older round comes too late. */
export interface RoundOfRow {
  readonly id: string
  readonly round: number
}

/** The row as one worker holds it: whoever took it over has another claim. */
export interface HeldRow extends RoundOfRow {
  readonly claimId: string
  /** Tries begun without an end. */
  readonly starts: number
}

export interface ClaimRequest extends RoundOfRow {
  /** Drawn by whoever asks, once: asking again, since the answer was lost, is the same claim and the same start. */
  readonly claimId: string
  /** How long others are kept away if nothing is heard of it any more. */
  readonly leaseMs: number
  /** The queue says that whoever had it before is gone: its lease need not run out. */
  readonly takeOver: boolean
}

/** A row in hand. */
export interface Claim extends HeldRow {
  readonly name: string
  readonly version: number
  readonly key: string
  readonly payload: unknown
  /** Tries that have failed so far. */
  readonly attempts: number
  /** Tries begun without an end before this one: workers died in the middle of them. */
  readonly deaths: number
  readonly traceparent: string | null
}

/** From so many deaths on a job is a suspect: it runs alone, and a try of it counts as begun when its turn has come. */
export const SUSPECT_DEATHS = 2

/** The starts as well: workers of the release before leave no claim of theirs, but count. */
export const stillHeld = ({ id, round, starts, claimId }: HeldRow) =>
  and(
    eq(outbox.id, id),
    eq(outbox.round, round),
    eq(outbox.starts, starts),
    eq(outbox.claimId, claimId),
    isNull(outbox.closedAt),
  )

/**
 * A row that is due up to a minute after its lease stays where it stands in the index of due rows: no index has to learn
 * of the claim then. It is the usual case of a short job, by the time of a first handover.
 */
const SAME_DUE_TIME = sql`interval '1 minute'`

/** The requests, column by column: five parameters, however many there are. */
interface Wanted extends Record<string, unknown> {
  readonly ids: readonly string[]
  readonly rounds: readonly number[]
  readonly leases: readonly number[]
  readonly takeOvers: readonly number[]
  readonly claimIds: readonly string[]
}

const wantedOf = (requests: readonly ClaimRequest[]): Wanted => ({
  ids: requests.map(({ id }) => id),
  rounds: requests.map(({ round }) => round),
  leases: requests.map(({ leaseMs }) => leaseMs),
  takeOvers: requests.map(({ takeOver }) => Number(takeOver)),
  claimIds: requests.map(({ claimId }) => claimId),
})

/** What is wanted and may be had, locked in one order. */
const freeRows = (place: Places<Wanted>) => sql`
  select outbox.id, claim, now() + lease * interval '1 millisecond' as until,
    case when claim_id = claim then claim_deaths else starts end as deaths
  from outbox
  join unnest(${place('ids')}::uuid[], ${place('rounds')}::int[], ${place('leases')}::int[],
      ${place('takeOvers')}::int[], ${place('claimIds')}::uuid[])
    as wanted (id, round, lease, take_over, claim) on outbox.id = wanted.id and outbox.round = wanted.round
  where closed_at is null
    and (claimed_until is null or claimed_until <= now() or take_over = 1 or claim_id = claim)
  order by outbox.id for update of outbox`

const claimColumns = {
  id: outbox.id,
  round: outbox.round,
  claimId: sql<string>`claim`,
  starts: outbox.starts,
  name: outbox.name,
  version: outbox.version,
  key: outbox.key,
  payload: outbox.payload,
  attempts: outbox.attempts,
  deaths: sql<number>`deaths`,
  traceparent: outbox.traceparent,
}

const claimFreeRows = defineQuery(claimColumns, (place: Places<Wanted>) => {
  const free = queries.$with('free', { id: outbox.id }).as(freeRows(place))
  return queries
    .with(free)
    .update(outbox)
    .set({
      claimedUntil: sql`until`,
      dueAt: sql`case when ${outbox.dueAt} between until and until + ${SAME_DUE_TIME} then ${outbox.dueAt} else until end`,
      claimId: sql`claim`,
      claimDeaths: sql`deaths`,
      starts: sql`deaths + case when deaths < ${sql.raw(String(SUSPECT_DEATHS))} then 1 else 0 end`,
    })
    .from(free)
    .where(eq(outbox.id, free.id))
    .returning(claimColumns)
})

/**
 * Takes rows in hand, all in one statement, which locks them in one order. A row that is closed, in another round, or in
 * somebody's hand is left out. Its time to be due again is the end of the lease, or a little later, so that a dead
 * worker's row comes back by itself.
 */
export const claimRows = (executor: Executor, requests: readonly ClaimRequest[]): Promise<Claim[]> =>
  claimFreeRows(executor, wantedOf(requests))

/**
 * The turn of a suspect has come: counts the start, once however often it is asked, and begins its time anew.
 * @returns undefined when it is not ours any more
 */
export const beginSuspect = async (
  executor: Executor,
  claim: Claim,
  leaseMs: number,
): Promise<Claim | undefined> => {
  const until = sql`now() + ${leaseMs} * interval '1 millisecond'`
  const begun = await executor
    .update(outbox)
    .set({ claimedUntil: until, dueAt: until, starts: claim.starts + 1 })
    .where(or(stillHeld(claim), stillHeld({ ...claim, starts: claim.starts + 1 })))
    .returning({ starts: outbox.starts })
  return begun[0] && { ...claim, ...begun[0] }
}

/** Keeps a claimed row in hand for `leaseMs` more. @returns false when it is not ours any more */
export const renewClaim = async (executor: Executor, held: HeldRow, leaseMs: number): Promise<boolean> => {
  const until = sql`now() + ${leaseMs} * interval '1 millisecond'`
  const renewed = await executor
    .update(outbox)
    .set({ claimedUntil: until, dueAt: until })
    .where(stillHeld(held))
    .returning({ id: outbox.id })
  return renewed.length === 1
}
