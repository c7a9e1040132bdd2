import { validate as isUuid } from 'uuid'
import type { Cache } from '../shared/cache/cache.js'
import { QUEUES } from '../shared/queue/queue-names.js'
import type { BrowseRepository } from './browse.repository.js'
import type { CountsRepository, OpenCounts, RecentCounts } from './counts.repository.js'
import type { FailedList, JobSummary, JobsRepository } from './jobs.repository.js'
import { COUNTS_POLICY, type QueueState } from './queues.counts.js'
import { jobNotFound, queueNotFound } from './queues.errors.js'
import type { Job, ScheduledRuns } from './queues.schemas.js'
import type { RunsRepository } from './runs.repository.js'

export interface QueuesServiceNeeds {
  readonly cache: Pick<Cache, 'wrap'>
  readonly counts: CountsRepository
  readonly jobs: JobsRepository
  readonly browse: BrowseRepository
  readonly runs: RunsRepository
}

/** What is to be seen of the queues: all of it from Postgres, which is the truth about jobs; the API asks no queue. */
export interface QueuesService {
  /** As it was a second or two ago at most. */
  readonly describeQueues: () => Promise<QueueState[]>
  readonly listQueues: CountsRepository['listQueues']
  /** Knows the queues of this release, and those that a newer one has written to. @throws queue_not_found */
  readonly requireQueue: (queue: string) => Promise<void>
  readonly listFailed: (list: FailedList) => ReturnType<JobsRepository['listFailed']>
  /** With its payload. @throws job_not_found, queue_not_found */
  readonly getJob: (queue: string, id: string) => Promise<Job>
  /** With its payload; undefined when the queue has no such job. */
  readonly findJob: (queue: string, id: string) => Promise<Job | undefined>
  readonly browse: BrowseRepository
  readonly listLastRuns: () => Promise<ScheduledRuns[]>
}

export type { Job, JobSummary }

const OURS: ReadonlySet<string> = new Set(QUEUES)

const NOTHING_RECENT: Omit<RecentCounts, 'queue'> = {
  completed: 0,
  discarded: 0,
  doneInOne: 0,
  doneInFive: 0,
  failedInOne: 0,
  failedInFive: 0,
  coveredSeconds: 300,
}

/** Where the rows that were looked at reach back less than the time asked for, by what they do cover. */
const perMinute = (jobs: number, seconds: number, covered: number): number =>
  Math.round((jobs * 60_000) / Math.max(1, Math.min(seconds, covered))) / 1_000

const rates = (inOne: number, inFive: number, covered: number) => ({
  lastMinute: perMinute(inOne, 60, covered),
  lastFiveMinutes: perMinute(inFive, 300, covered),
})

const toState = (open: OpenCounts, recent: Omit<RecentCounts, 'queue'>): QueueState => {
  const { completed, discarded, doneInOne, doneInFive, failedInOne, failedInFive, coveredSeconds } = recent
  return {
    queue: open.queue,
    counts: open.counts,
    countsCapped: open.capped,
    oldestOpenSeconds: open.oldestOpenSeconds,
    recent: { completed, discarded },
    donePerMinute: rates(doneInOne, doneInFive, coveredSeconds),
    failedPerMinute: rates(failedInOne, failedInFive, coveredSeconds),
  }
}

export const createQueuesService = ({
  cache,
  counts,
  jobs,
  browse,
  runs,
}: QueuesServiceNeeds): QueuesService => {
  const requireQueue = async (queue: string): Promise<void> => {
    if (OURS.has(queue)) return
    if (!(await counts.listQueues()).includes(queue)) throw queueNotFound()
  }
  const countAll = async (): Promise<QueueState[]> => {
    const queues = await counts.listQueues()
    const [open, recent] = [await counts.countOpen(queues), await counts.countRecent()]
    const recentOf = new Map(recent.map((each) => [each.queue, each]))
    return open.map((each) => toState(each, recentOf.get(each.queue) ?? NOTHING_RECENT))
  }
  return {
    describeQueues: () => cache.wrap('queues', COUNTS_POLICY, countAll),
    listQueues: counts.listQueues,
    requireQueue,
    listFailed: jobs.listFailed,
    // The page asks for whatever stands in its address.
    findJob: async (queue, id) => (isUuid(id) ? jobs.findJob(queue, id) : undefined),
    getJob: async (queue, id) => {
      const job = await jobs.findJob(queue, id)
      if (job) return job
      await requireQueue(queue)
      throw jobNotFound()
    },
    browse,
    listLastRuns: runs.listLastRuns,
  }
}
