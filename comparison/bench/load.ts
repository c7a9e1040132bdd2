import { z } from 'zod'

/*
 * What the load generator is told and what it answers. It is a process of its own, on a core of its own.
 */

const exchange = z.object({
  method: z.enum(['GET', 'POST']),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string().optional(),
  /** What a right answer looks like: anything else fails the run. */
  expect: z.object({ status: z.int(), includes: z.string() }),
})
export type Exchange = z.infer<typeof exchange>

export const loadOrder = z.object({
  url: z.url(),
  connections: z.int(),
  seconds: z.number(),
  exchanges: z.array(exchange).min(1),
  /** Requests a second, however long the answers take; if absent, each connection sends as soon as it has its answer. */
  rate: z.number().positive().optional(),
})
export type LoadOrder = z.infer<typeof loadOrder>

export const loadReport = z.object({
  /** Answered in the time. */
  requests: z.int(),
  /** Due in the time: more than were answered, where there is a rate that the server did not keep up with. */
  offered: z.int(),
  seconds: z.number(),
  /** Milliseconds; whole ones unless there is a rate. */
  p50: z.number(),
  p99: z.number(),
  /** Answers that say of themselves, in x-cache, that they did not come from the cache. */
  misses: z.int(),
  /** What went wrong, in words; a few of it. */
  faults: z.array(z.string()),
})
export type LoadReport = z.infer<typeof loadReport>
