import type { JobState as BoardState, QueueJob, QueueJobJson } from '@bull-board/api/dist/types.js'
import type { Job, JobSummary } from './queues.service.js'
import type { JobState, OpenState } from './queues.states.js'

/** What the page calls a job that is in this state; what is discarded has no place there. */
const BOARD_STATE = {
  waiting: 'waiting',
  queued: 'waiting',
  active: 'active',
  delayed: 'delayed',
  parked: 'paused',
  completed: 'completed',
  failed: 'failed',
  discarded: 'unknown',
} as const satisfies Record<JobState, BoardState>

/** The tabs of the page that show open jobs. */
export const OPEN_STATES_OF = {
  waiting: ['waiting', 'queued'],
  active: ['active'],
  delayed: ['delayed'],
  paused: ['parked'],
} as const satisfies Record<string, readonly OpenState[]>

/** What the page's buttons do with a job. */
export interface JobDeeds {
  readonly requeue: (id: string) => Promise<void>
  readonly discard: (id: string) => Promise<void>
  readonly refuse: () => Promise<never>
}

const toMs = (instant: string | null): number | null => (instant === null ? null : Date.parse(instant))

/** A list shows no payload: it may hold personal data, and is shown when somebody asks for that one job. */
const dataOf = (job: Job | JobSummary) =>
  'payload' in job ? job.payload : { key: job.key, version: job.version, payload: 'open the job to see it' }

const toJson = (job: Job | JobSummary): QueueJobJson => ({
  id: job.id,
  name: job.name,
  progress: 0,
  attemptsMade: job.attempts,
  attemptsStarted: job.attempts + job.starts,
  timestamp: Date.parse(job.createdAt),
  processedOn: toMs(job.handedOverAt),
  finishedOn: toMs(job.closedAt),
  delay: job.state === 'delayed' ? Math.max(0, Date.parse(job.dueAt) - Date.now()) : 0,
  // A job that is tried again has a last error, too, but is not failed: the page would offer to retry it.
  failedReason: job.state === 'failed' ? (job.reason ?? '') : '',
  stacktrace: null,
  data: dataOf(job),
  returnvalue: null,
  opts: {},
})

/** A job in the form in which the page wants it. */
export const toBoardJob = (job: Job | JobSummary, { requeue, discard, refuse }: JobDeeds): QueueJob => ({
  opts: {},
  toJSON: () => toJson(job),
  getState: async () => BOARD_STATE[job.state],
  retry: () => requeue(job.id),
  remove: () => discard(job.id),
  promote: refuse,
})
