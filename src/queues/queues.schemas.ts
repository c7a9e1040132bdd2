import { z } from 'zod'
import { pageOf } from '../shared/http/envelope.js'
import { id } from '../shared/http/id.js'
import { instant } from '../shared/http/instant.js'
import { pageQuery } from '../shared/http/pagination.js'
import { line } from '../shared/http/text.js'
import { queueSchema } from './queues.counts.js'
import { DEFAULT_PER_SECOND, MAX_PER_SECOND } from './queues.limits.js'
import { JOB_STATES } from './queues.states.js'

/** Of a queue or a job: their contracts have shorter ones. */
const MAX_NAME_LENGTH = 100
const MAX_IDS = 1_000

const count = z.int().min(0)
const time = z.iso.datetime().nullable()
const name = line(1, MAX_NAME_LENGTH)

export const queuePage = pageOf(queueSchema)

export const queueParams = z.strictObject({ queue: name })
export const jobParams = queueParams.extend({ id })

const failedFilters = {
  name: name.optional(),
  failedAfter: instant.optional(),
  failedBefore: instant.optional(),
}

export const failedQuery = pageQuery.extend(failedFilters)

export const failedJobSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  version: z.int(),
  key: z.string(),
  reason: z.string(),
  attempts: count,
  createdAt: z.iso.datetime(),
  failedAt: z.iso.datetime(),
})

export const failedPage = pageOf(failedJobSchema)

export const jobSchema = z.object({
  id: z.uuid(),
  queue: z.string(),
  name: z.string(),
  version: z.int(),
  key: z.string(),
  state: z.enum(JOB_STATES),
  reason: z.string().nullable().meta({ description: 'Why it was given up' }),
  lastError: z.string().nullable().meta({ description: 'Why the last try failed' }),
  attempts: count,
  starts: count.meta({ description: 'Tries begun that have not come to an end' }),
  handovers: count,
  createdAt: z.iso.datetime(),
  dueAt: z.iso.datetime(),
  handedOverAt: time,
  claimedUntil: time,
  parkedAt: time,
  closedAt: time,
  discardedAt: time,
  traceparent: z.string().nullable(),
  payload: z.unknown().meta({ description: 'May hold personal data' }),
})

const filter = z.strictObject({
  ...failedFilters,
  ids: z.array(id).min(1).max(MAX_IDS).optional(),
})

const dryRun = z.boolean().default(true).meta({ description: 'Only tell what it would be. True if absent' })

export const discardBody = z.strictObject({ filter, dryRun })

export const requeueBody = discardBody.extend({
  perSecond: z
    .int()
    .min(1)
    .max(MAX_PER_SECOND)
    .default(DEFAULT_PER_SECOND)
    .meta({ description: `So many of them become due in a second. ${DEFAULT_PER_SECOND} if absent` }),
})

export const operationSchema = z.object({
  dryRun: z.boolean(),
  matched: count.meta({ description: 'Dead letters that fit, 10,000 at most: so many one call can do' }),
  more: z.boolean().meta({ description: 'Whether there are more than that: call again' }),
  done: count,
  sampleIds: z.array(z.uuid()).meta({ description: 'The ten that failed first' }),
})

export const scheduleSchema = z.object({
  name: z.string(),
  everySeconds: z.int().nullable(),
  nextDueAt: time.meta({ description: 'Null when no run has said how often it comes' }),
  runs: z.array(
    z.object({
      holder: z.string().meta({ description: 'The process that ran it' }),
      outcome: z.enum(['running', 'done', 'failed', 'abandoned']),
      startedAt: z.iso.datetime(),
      finishedAt: time,
      durationMs: z.number().nullable(),
      rows: count,
      failure: z.string().nullable(),
    }),
  ),
})

export const schedulePage = pageOf(scheduleSchema)

export type FailedJob = z.infer<typeof failedJobSchema>
export type Job = z.infer<typeof jobSchema>
export type FailedFilter = z.infer<typeof filter>
export type OperationResult = z.infer<typeof operationSchema>
export type ScheduledRuns = z.infer<typeof scheduleSchema>
