import type { z } from 'zod'

/*
 * The words of this folder:
 *   job          work that a write caused and that can wait
 *   outbox row   the job's record in Postgres, written with that write; open until the job is done or given up
 *   relay        takes open rows that are due and hands them to the queue; a handover repeats while a row is open
 *   consumer     takes jobs from the queue, does them, closes their rows
 *   try          one attempt at a job; the queue gives several, further and further apart
 *   dead letter  a row that was closed with a reason, because no further try would help
 */

/** How a job is carried, whatever its payload. Nothing here knows which queue software carries it. */
export interface JobSettings {
  /** Stable for ever: rows and queued jobs name it. */
  readonly name: string
  /** Jobs of one queue share its workers' concurrency. */
  readonly queue: string
  /**
   * Grows when the payload's shape changes. Pods of two releases run side by side: a worker leaves a newer
   * version to a newer worker, and the schema must accept what the version before wrote.
   */
  readonly version: number
  /** Tries in all, the first included. */
  readonly attempts: number
  /** Milliseconds before the second try; doubles with each further one. */
  readonly backoffMs: number
  /** Milliseconds that one try may take. */
  readonly timeoutMs: number
}

/** What producer and worker agree on: a job is one typed definition, kept in its domain's `*.jobs.ts`. */
export interface JobContract<Payload> extends JobSettings {
  readonly payload: z.ZodType<Payload>
  /** What makes the effect unique: the same key is written to the outbox once. At most 200 characters. */
  readonly key: (payload: Payload) => string
}

type ContractOptions<Payload> = Pick<JobContract<Payload>, 'name' | 'queue' | 'payload' | 'key'> &
  Partial<JobContract<Payload>>

/** Declares a job: version 1, eight tries over about two minutes and 20 s a try unless it says otherwise. */
export const defineJob = <Payload>(options: ContractOptions<Payload>): JobContract<Payload> =>
  Object.freeze({ version: 1, attempts: 8, backoffMs: 1_000, timeoutMs: 20_000, ...options })
