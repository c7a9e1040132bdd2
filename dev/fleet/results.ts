import { z } from 'zod'

/* What a run found, as it lies in docs/resilience.json. The page's figures are made from it and from nothing else. */

const finding = z.object({ text: z.string(), kept: z.boolean() })

export const row = z.object({
  id: z.string(),
  title: z.string(),
  requests: z.int(),
  failures: z.int(),
  /** Milliseconds, as all times here. */
  p99: z.object({ before: z.number(), during: z.number(), after: z.number() }),
  slowestMs: z.number(),
  recoveryMs: z.number(),
  lost: z.int(),
  doubled: z.int(),
  wrongNames: z.int(),
  mailsMissing: z.int(),
  mailsRepeated: z.int(),
  deadLetters: z.int(),
  openJobs: z.int(),
  /** What the scenario looked at beside. */
  findings: z.array(finding),
  /** The promises that were not kept. */
  broken: z.array(z.string()),
})
export type Row = z.infer<typeof row>

export const results = z.object({
  madeAt: z.iso.datetime(),
  node: z.string(),
  processors: z.int(),
  /** How long a fault lasts. */
  seconds: z.number(),
  previous: z.object({ commit: z.string(), migrations: z.array(z.string()).readonly() }).nullable(),
  rows: z.array(row),
})
export type Results = z.infer<typeof results>
