import { and, desc, eq, gte, inArray, isNotNull, isNull, lt, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { outbox } from '../shared/database/outbox.table.js'
import { stateOfOpenRow } from '../shared/database/outbox-states.js'
import type { FailedFilter, Job } from './queues.schemas.js'
import type { JobState } from './queues.states.js'

/** Where a row is, be it open or closed. */
export const stateOfRow = sql<JobState>`case
  when ${outbox.discardedAt} is not null then 'discarded'
  when ${outbox.failure} is not null then 'failed'
  when ${outbox.closedAt} is not null then 'completed'
  else ${stateOfOpenRow} end`

/** A dead letter as the dashboard and the list of failed jobs see it. */
export type JobSummary = Omit<Job, 'payload'>

/** Where a list of failed jobs goes on: when the last one failed, in microseconds since 1970, and its id. */
export type FailedPosition = readonly [microseconds: number, id: string]

export interface FailedList extends FailedFilter {
  readonly queue: string
  readonly after: FailedPosition | undefined
  readonly limit: number
}

const toInstant = (date: Date | null): string | null => date?.toISOString() ?? null

export const summaryColumns = {
  id: outbox.id,
  queue: outbox.queue,
  name: outbox.name,
  version: outbox.version,
  key: outbox.key,
  state: stateOfRow,
  reason: outbox.failure,
  lastError: outbox.lastError,
  attempts: outbox.attempts,
  starts: outbox.starts,
  handovers: outbox.handovers,
  createdAt: outbox.createdAt,
  dueAt: outbox.dueAt,
  handedOverAt: outbox.handedOverAt,
  claimedUntil: outbox.claimedUntil,
  parkedAt: outbox.parkedAt,
  closedAt: outbox.closedAt,
  discardedAt: outbox.discardedAt,
  traceparent: outbox.traceparent,
}

interface Times {
  readonly createdAt: Date
  readonly dueAt: Date
  readonly handedOverAt: Date | null
  readonly claimedUntil: Date | null
  readonly parkedAt: Date | null
  readonly closedAt: Date | null
  readonly discardedAt: Date | null
}

export const withInstants = <Row extends Times>(row: Row) => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  dueAt: row.dueAt.toISOString(),
  handedOverAt: toInstant(row.handedOverAt),
  claimedUntil: toInstant(row.claimedUntil),
  parkedAt: toInstant(row.parkedAt),
  closedAt: toInstant(row.closedAt),
  discardedAt: toInstant(row.discardedAt),
})

/** The order of the lists of failed jobs. */
export const LATEST_FAILURE_FIRST = [desc(outbox.closedAt), desc(outbox.id)] as const

/** The dead letters of a queue that fit; what is null here has an index (see `migrations/0003_jobs.sql`). */
export const isDeadLetter = (queue: string, { name, ids, failedAfter, failedBefore }: FailedFilter) =>
  and(
    eq(outbox.queue, queue),
    isNotNull(outbox.failure),
    isNull(outbox.discardedAt),
    name === undefined ? undefined : eq(outbox.name, name),
    ids === undefined ? undefined : inArray(outbox.id, ids),
    failedAfter && gte(outbox.closedAt, failedAfter),
    failedBefore && lt(outbox.closedAt, failedBefore),
  )

const microseconds = sql<number>`(extract(epoch from ${outbox.closedAt}) * 1000000)::bigint`.mapWith(Number)

const isBehind = ([time, id]: FailedPosition): SQL =>
  sql`(${outbox.closedAt}, ${outbox.id}) < ('epoch'::timestamptz + ${time}::bigint * interval '1 microsecond', ${id}::uuid)`

export const createJobsRepository = (executor: Executor) => ({
  findJob: async (queue: string, id: string): Promise<Job | undefined> => {
    const [row] = await executor
      .select({ ...summaryColumns, payload: outbox.payload })
      .from(outbox)
      .where(and(eq(outbox.id, id), eq(outbox.queue, queue)))
    return row && withInstants(row)
  },

  /** Dead letters, the latest failure first, each with its position. */
  listFailed: async ({ queue, after, limit, ...filter }: FailedList) => {
    const rows = await executor
      .select({ ...summaryColumns, microseconds })
      .from(outbox)
      .where(and(isDeadLetter(queue, filter), after && isBehind(after)))
      .orderBy(...LATEST_FAILURE_FIRST)
      .limit(limit)
    return rows.map((row) => ({
      ...withInstants(row),
      position: [row.microseconds, row.id] as FailedPosition,
    }))
  },
})

export type JobsRepository = ReturnType<typeof createJobsRepository>
