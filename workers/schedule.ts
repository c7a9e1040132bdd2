import { hostname } from 'node:os'
import type { Registry } from 'prom-client'
import type { WorkerCradle } from '../src/container.js'
import type { WorkerConfig } from '../src/shared/config.js'
import { pruneAuditLog } from '../src/shared/database/audit.js'
import { pruneKeys } from '../src/shared/database/idempotency-keys.js'
import { findSuccessAges, pruneRuns } from '../src/shared/database/job-runs.js'
import { pruneClosedRows } from '../src/shared/database/outbox.js'
import { createScheduleMetrics } from '../src/shared/schedule/schedule-metrics.js'
import type { ScheduledJob } from '../src/shared/schedule/scheduled-job.js'
import { type Scheduler, type SchedulerNeeds, startScheduler } from '../src/shared/schedule/scheduler.js'

const KEEP_DONE_DAYS = 7
const KEEP_AUDIT_DAYS = 365
const KEEP_RUNS_DAYS = 30

type Needs = Pick<
  WorkerCradle,
  | 'sessionsService'
  | 'oneTimeTokens'
  | 'transitionsService'
  | 'upkeepService'
  | 'deliveriesService'
  | 'realtimeService'
>

/** Clears away what is not needed any more, every ten minutes. */
const chore = (name: string, runBatch: ScheduledJob['runBatch']): ScheduledJob => ({
  name,
  everySeconds: 600,
  batchRows: 5_000,
  runBatch,
})

/** Everything that runs on a schedule, on one worker at a time. */
const scheduledJobs = (
  {
    sessionsService,
    oneTimeTokens,
    transitionsService,
    upkeepService,
    deliveriesService,
    realtimeService,
  }: Needs,
  { ORDER_TTL_MINUTES }: Pick<WorkerConfig, 'ORDER_TTL_MINUTES'>,
): readonly ScheduledJob[] => [
  {
    name: 'orders.expire',
    everySeconds: 60,
    batchRows: 100,
    runBatch: (transaction, limit) => transitionsService.expireOrders(transaction, ORDER_TTL_MINUTES, limit),
  },
  {
    name: 'uploads.sweep',
    everySeconds: 600,
    // Each is up to seven statements, one after the other, of two ways to Postgres and back.
    batchRows: 10,
    runBatch: upkeepService.sweepUploads,
  },
  {
    name: 'uploads.sweep-files',
    everySeconds: 3_600,
    batchRows: 1,
    runBatch: upkeepService.beginFilesSweep,
  },
  chore('outbox.prune', (transaction, limit) => pruneClosedRows(transaction, KEEP_DONE_DAYS, limit)),
  chore('audit.prune', (transaction, limit) => pruneAuditLog(transaction, KEEP_AUDIT_DAYS, limit)),
  chore('job-runs.prune', (transaction, limit) => pruneRuns(transaction, KEEP_RUNS_DAYS, limit)),
  chore('idempotency-keys.prune', pruneKeys),
  chore('sessions.prune', sessionsService.pruneSessions),
  chore('one-time-tokens.prune', oneTimeTokens.pruneExpired),
  chore('realtime-events.prune', realtimeService.pruneEvents),
  chore('webhook-deliveries.end-unsent', deliveriesService.endUnsent),
  // Each takes its deliveries and their tries along.
  { ...chore('webhook-messages.prune', deliveriesService.pruneMessages), batchRows: 500 },
]

/** Runs it, and says in the registry how that goes. */
export const startSchedule = (
  cradle: Needs & Pick<WorkerCradle, 'locks'>,
  config: Pick<WorkerConfig, 'ORDER_TTL_MINUTES'>,
  needs: Pick<SchedulerNeeds, 'database' | 'logger'> & { readonly registry: Registry },
): Scheduler => {
  const jobs = scheduledJobs(cradle, config)
  const names = jobs.map(({ name }) => name)
  const findAges = () => findSuccessAges(needs.database, names)
  return startScheduler({
    ...needs,
    locks: cradle.locks,
    holder: `${hostname()}:${process.pid}`,
    jobs,
    metrics: createScheduleMetrics({ registry: needs.registry, jobs, findAges }),
  })
}
