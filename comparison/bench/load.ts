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
})
export type LoadOrder = z.infer<typeof loadOrder>

export const loadReport = z.object({
  requests: z.int(),
  seconds: z.number(),
  p50: z.number(),
  p99: z.number(),
  /** Answers that say of themselves, in x-cache, that they did not come from the cache. */
  misses: z.int(),
  /** What went wrong, in words; a few of it. */
  faults: z.array(z.string()),
})
export type LoadReport = z.infer<typeof loadReport>
