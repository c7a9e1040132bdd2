import { Counter, Gauge, type Registry } from 'prom-client'
import { withDeadline } from '../deadline.js'
import type { ScheduledJob } from './scheduled-job.js'

/** `left`: its pod stopped or lost the lock before it was through; `taken_over`: another pod's run has begun since. */
const OUTCOMES = ['done', 'failed', 'left', 'taken_over'] as const
export type RunOutcome = (typeof OUTCOMES)[number]

export interface ScheduleMetrics {
  /** A run that this process began has ended. */
  readonly ended: (jobName: string, outcome: RunOutcome) => void
}

export interface ScheduleMetricsNeeds {
  readonly registry: Registry
  readonly jobs: readonly Pick<ScheduledJob, 'name' | 'everySeconds'>[]
  /** Seconds since each last succeeded; without one that has never begun. */
  readonly findAges: () => Promise<ReadonlyMap<string, number>>
}

const LOOK_LIMIT_MS = 3_000
// Prometheus has a label `job` of its own.
const labelNames = ['job_name'] as const

/** Of all pods' runs. While Postgres is away it has no values. */
const registerAges = ({ registry, jobs, findAges }: ScheduleMetricsNeeds): void => {
  new Gauge({
    name: 'unnest_schedule_success_age_seconds',
    help: 'Since the last run that succeeded, on whichever worker; of a job that never did, since its first run, and before that since this worker started',
    labelNames,
    registers: [registry],
    async collect() {
      this.reset()
      const ages = await withDeadline('the schedule', LOOK_LIMIT_MS, findAges()).catch(() => undefined)
      if (!ages) return
      for (const { name } of jobs) this.set({ job_name: name }, ages.get(name) ?? process.uptime())
    },
  })
}

/** Adds the metrics of scheduled jobs to the registry, each job and outcome from the beginning: its first failure is an increase. */
export const createScheduleMetrics = (needs: ScheduleMetricsNeeds): ScheduleMetrics => {
  const registers = [needs.registry]
  const runs = new Counter({
    name: 'unnest_schedule_runs_total',
    help: 'Runs of scheduled jobs on this worker by how they ended: done, failed, left, taken_over',
    labelNames: [...labelNames, 'outcome'],
    registers,
  })
  const intervals = new Gauge({
    name: 'unnest_schedule_interval_seconds',
    help: 'How often the job is to run',
    labelNames,
    registers,
  })
  for (const { name, everySeconds } of needs.jobs) {
    intervals.set({ job_name: name }, everySeconds)
    for (const outcome of OUTCOMES) runs.inc({ job_name: name, outcome }, 0)
  }
  registerAges(needs)
  return { ended: (jobName, outcome) => runs.inc({ job_name: jobName, outcome }) }
}
