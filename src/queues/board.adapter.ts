import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js'
import type { JobCounts, JobStatus, QueueJob, Status } from '@bull-board/api/dist/types.js'
import { type JobDeeds, OPEN_STATES_OF, toBoardJob } from './board.listing.js'
import type { QueueState } from './queues.counts.js'
import type { JobSummary, QueuesService } from './queues.service.js'

const STATUSES: readonly JobStatus[] = ['active', 'waiting', 'completed', 'failed', 'delayed', 'paused']
/** Rows into a list; nobody turns so many pages. */
const MAX_OFFSET = 10_000
const MAX_PAGE = 100

export interface QueueAdapterNeeds {
  readonly queuesService: Pick<QueuesService, 'browse' | 'findJob'>
  /** The queue as it is, or was a moment ago. */
  readonly state: QueueState
  readonly deeds: JobDeeds & { readonly discardAll: () => Promise<void> }
}

const toCounts = ({ counts, recent }: QueueState): JobCounts => {
  const { waiting, queued, active, delayed, parked, failed } = counts
  return {
    latest: 0,
    active,
    waiting: waiting + queued,
    'waiting-children': 0,
    prioritized: 0,
    completed: recent.completed,
    failed,
    delayed,
    paused: parked,
  }
}

/**
 * A queue as the page sees it: not what lies in Redis but the rows in Postgres, which are the truth. The page can look,
 * and send again or put away dead letters; everything else it knows is refused. A class, since the library wants one of
 * its own; it holds nothing.
 */
class OutboxQueue extends BaseAdapter {
  constructor(private readonly needs: QueueAdapterNeeds) {
    // Not `bullmq`: then it would look for the jobs' parents and children there.
    super('bull', { allowCompletedRetries: false })
  }

  override getName = (): string => this.needs.state.queue
  override getStatuses = (): Status[] => ['latest', ...STATUSES]
  override getJobStatuses = (): JobStatus[] => [...STATUSES]
  override getJobCounts = async (): Promise<JobCounts> => toCounts(this.needs.state)

  override getJob = async (id: string): Promise<QueueJob | undefined> => {
    const job = await this.needs.queuesService.findJob(this.needs.state.queue, id)
    return job && toBoardJob(job, this.needs.deeds)
  }

  override getJobs = async (statuses: JobStatus[], start = 0, end = MAX_PAGE - 1): Promise<QueueJob[]> => {
    const limit = Math.min(Math.max(end - start + 1, 0), MAX_PAGE)
    if (start > MAX_OFFSET || limit === 0) return []
    const jobs: JobSummary[] = []
    // One after the other: a page that is looked at is not to hold six connections.
    for (const status of statuses) jobs.push(...(await this.browse(status, start, limit)))
    return jobs.map((job) => toBoardJob(job, this.needs.deeds))
  }

  private browse(status: JobStatus, offset: number, limit: number): Promise<JobSummary[]> {
    const { queuesService, state } = this.needs
    const { queue } = state
    const { browseFailed, browseCompleted, browseOpen } = queuesService.browse
    if (status === 'failed') return browseFailed(queue, offset, limit)
    if (status === 'completed') return browseCompleted(queue, offset, limit)
    if (!(status in OPEN_STATES_OF)) return Promise.resolve([])
    // The line above makes it one of its keys; TypeScript does not narrow by `in`.
    return browseOpen(queue, OPEN_STATES_OF[status as keyof typeof OPEN_STATES_OF], offset, limit)
  }

  /** The error of the last try, of a job that is tried again. */
  override getJobLogs = async (id: string): Promise<string[]> => {
    const job = await this.needs.queuesService.findJob(this.needs.state.queue, id)
    return job?.lastError ? [job.lastError] : []
  }

  override clean = (status: string): Promise<void> =>
    status === 'failed' ? this.needs.deeds.discardAll() : this.needs.deeds.refuse()

  override getMetrics = () => this.needs.deeds.refuse()
  override getRedisInfo = async () => null
  override isPaused = async () => false
  override getGlobalConcurrency = async () => null
  override getJobSchedulers = async () => []
  override getJobSchedulersCount = async () => 0
  override addJob = () => this.needs.deeds.refuse()
  override pause = () => this.needs.deeds.refuse()
  override resume = () => this.needs.deeds.refuse()
  override empty = () => this.needs.deeds.refuse()
  override obliterate = () => this.needs.deeds.refuse()
  override promoteAll = () => this.needs.deeds.refuse()
  override removeJobScheduler = () => this.needs.deeds.refuse()
  override updateJobScheduler = () => this.needs.deeds.refuse()
  override runJobSchedulerNow = () => this.needs.deeds.refuse()
  override setGlobalConcurrency = () => this.needs.deeds.refuse()
}

/** Shows a queue to the page. */
export const createQueueAdapter = (needs: QueueAdapterNeeds): BaseAdapter => new OutboxQueue(needs)
