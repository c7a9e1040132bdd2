import { z } from 'zod'

/*
 * What a comparison found, as it lies in comparison/results/*.json. The pages are made from it and from nothing else.
 */

export const CANDIDATES = ['ours', 'ours-without-outbox', 'nest-express', 'nest-fastify', 'raw'] as const
export type CandidateId = (typeof CANDIDATES)[number]

export const nameOf: Readonly<Record<CandidateId, string>> = {
  ours: 'Unnest',
  'ours-without-outbox': 'Unnest, without its outbox',
  'nest-express': 'Nest on Express',
  'nest-fastify': 'Nest on Fastify',
  raw: 'bare node:http',
}

const candidate = z.enum(CANDIDATES)

/** One candidate under load for a moment. */
export const measure = z.object({
  requests: z.int(),
  requestsPerSecond: z.number(),
  /** Milliseconds, with all connections busy. */
  p50: z.number(),
  p99: z.number(),
  /** Processor time of the server process a request, user and system, microseconds. */
  cpuMicroseconds: z.number(),
  /** Resident memory of the server process at the end, megabytes. */
  rssMegabytes: z.number(),
})
export type Measure = z.infer<typeof measure>

/** By candidate, in the order in which they took turns; as many measures each as there were rounds. */
const scenario = z.object({
  id: z.string(),
  title: z.string(),
  connections: z.int(),
  candidates: z.array(z.object({ id: candidate, rounds: z.array(measure).min(1) })),
})
export type ScenarioResult = z.infer<typeof scenario>

const jobs = z.object({
  id: candidate,
  rounds: z.array(z.object({ jobsPerSecond: z.number(), cpuMicroseconds: z.number() })).min(1),
})
export type JobsResult = z.infer<typeof jobs>

/** One candidate for a moment at a rate that was not its own choice. */
const pacedMeasure = z.object({
  /** Whether it answered what was due; times of one that did not only tell how long it was overloaded. */
  keptUp: z.boolean(),
  requestsPerSecond: z.number(),
  /** Milliseconds from when a request was due. */
  p50: z.number(),
  p99: z.number(),
})
export type PacedMeasure = z.infer<typeof pacedMeasure>

const halfLoad = z.object({
  title: z.string(),
  connections: z.int(),
  /** Requests a second: half of what Unnest answered at most in the same run. */
  rate: z.number(),
  candidates: z.array(z.object({ id: candidate, rounds: z.array(pacedMeasure).min(1) })),
})
export type HalfLoadResult = z.infer<typeof halfLoad>

/** When and on what something was measured. */
export const circumstances = z.object({
  madeAt: z.iso.datetime(),
  quick: z.boolean(),
  machine: z.object({
    processor: z.string(),
    cores: z.int(),
    memoryGigabytes: z.number(),
    system: z.string(),
    /** What else kept the machine busy when it began: the load average of the last minute. */
    loadAtStart: z.number(),
    /** Which cores the server and the load generator were kept on. */
    pinning: z.object({ server: z.string(), generator: z.string() }).nullable(),
  }),
  versions: z.record(z.string(), z.string()),
  settings: z.record(z.string(), z.union([z.string(), z.number()])),
})
export type Circumstances = z.infer<typeof circumstances>

export const results = circumstances.extend({
  scenarios: z.array(scenario),
  /** Absent from figures that were made before it was measured. */
  halfLoad: z.array(halfLoad).default([]),
  /** Milliseconds from the start of the process to the first 200 of GET /livez. */
  coldStarts: z.array(z.object({ id: candidate, milliseconds: z.array(z.number()).min(1) })),
  /** Resident memory after all of it, megabytes. */
  memory: z.array(z.object({ id: candidate, rssMegabytes: z.number() })),
  jobs: z.array(jobs),
  packages: z.array(z.object({ id: candidate, count: z.int(), megabytes: z.number() })),
  /** Lines of code: in the domains that both have, of all that these need, and in all. */
  lines: z.array(z.object({ id: candidate, domains: z.int(), comparable: z.int(), all: z.int() })),
})
export type Results = z.infer<typeof results>
