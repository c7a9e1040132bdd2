import type { z } from 'zod'
import type { QueueName } from './queue-names.js'

/*
 * The words of this folder:
 *   job          work that a write caused and that can wait
 *   outbox row   the job's record in Postgres, written with that write; open until the job is done or given up
 *   relay        takes open rows that are due and gives their ids to the queue; again while a row is open
 *   delivery     the queue gives an id to a worker; it may do so more than once
 *   claim        the worker takes the row in hand, for as long as one try may take; others are turned away
 *   try          one attempt at a job; a failed one makes the row due again, further and further off
 *   dead letter  a row that was closed with a reason, because no further try would help
 *   parked       a row that no worker understands yet: a newer pod wrote it
 */

/** How a job is carried, whatever its payload. Nothing here knows which queue software carries it. */
export interface JobSettings {
  /** Stable for ever: rows and queued jobs name it. */
  readonly name: string
  /** Jobs of one queue share its workers' concurrency. */
  readonly queue: QueueName
  /** Grows when the payload's shape changes. Pods of two releases run side by side: a worker parks a newer version. */
  readonly version: number
  /** Tries in all, the first included. */
  readonly attempts: number
  /** Milliseconds before the second try; doubles with each further one. */
  readonly backoffMs: number
  /** Milliseconds before the second, third, ... try, in place of the doubling. */
  readonly delaysMs?: readonly number[]
  /** Milliseconds that one try may take. */
  readonly timeoutMs: number
  /** Tries at once in one worker process; the highest of a queue's contracts is the queue's. */
  readonly concurrency: number
}

/** What producer and worker agree on: a job is one typed definition, kept in its domain's `*.jobs.ts`. */
export interface JobContract<Payload> extends JobSettings {
  readonly payload: z.ZodType<Payload>
  /** What makes the effect unique: the same key is written to the outbox once. At most 200 characters. */
  readonly key: (payload: Payload) => string
  /** Makes today's payload of one that an older release wrote. Without it, the schema must accept both. */
  readonly upgrade?: (version: number, payload: unknown) => unknown
}

type ContractOptions<Payload> = Pick<JobContract<Payload>, 'name' | 'queue' | 'payload' | 'key'> &
  Partial<JobContract<Payload>>

/** Declares a job: version 1, eight tries over about two minutes, 20 s a try, ten at once unless it says otherwise. */
export const defineJob = <Payload>(options: ContractOptions<Payload>): JobContract<Payload> =>
  Object.freeze({ version: 1, attempts: 8, backoffMs: 1_000, timeoutMs: 20_000, concurrency: 10, ...options })

/** Reads what the row carries, whichever release wrote it. @throws ZodError when it breaks the contract */
export const readPayload = <Payload>(
  { version: current, payload: schema, upgrade }: JobContract<Payload>,
  version: number,
  payload: unknown,
): Payload => schema.parse(upgrade && version < current ? upgrade(version, payload) : payload)
