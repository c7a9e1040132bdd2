import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { OutboxCounts } from '../database/outbox-counts.js'

/** What operators are woken by. All names begin with `unnest_`; the label `job` is Prometheus' own. */
export interface QueueMetrics {
  /** A try ended, after so many seconds. */
  readonly ended: (queue: string, jobName: string, outcome: string, seconds: number) => void
  /** A job became a dead letter. */
  readonly buried: (jobName: string, why: string) => void
  readonly handedOver: (jobs: number) => void
  /** The queue's Redis came back without what it had. */
  readonly queueLost: () => void
}

const SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const registerCounters = (registers: Registry[]) => ({
  tries: new Counter({
    name: 'unnest_job_tries_total',
    help: 'Tries by how they ended: done, retry, bury, postpone, parked, lost, killer',
    labelNames: ['queue', 'job_name', 'outcome'],
    registers,
  }),
  duration: new Histogram({
    name: 'unnest_job_try_seconds',
    help: 'From the claim of a job to the record of how it ended',
    labelNames: ['queue', 'job_name'],
    buckets: SECONDS,
    registers,
  }),
  deadLetters: new Counter({
    name: 'unnest_dead_letters_total',
    help: 'Jobs given up, by the reason: permanent, exhausted, worker_died',
    labelNames: ['job_name', 'why'],
    registers,
  }),
  handovers: new Counter({
    name: 'unnest_outbox_handovers_total',
    help: 'Rows handed to the queue by this process, repetitions included',
    registers,
  }),
  losses: new Counter({
    name: 'unnest_queue_losses_total',
    help: 'Times that the queue was found empty of what it had, and was filled again',
    registers,
  }),
})

/** The gauges of one reading share one look; a scraper that hurries gets the last one again. */
const LOOK_LASTS_MS = 1_000

const shareLooks = (count: () => Promise<OutboxCounts>): (() => Promise<OutboxCounts>) => {
  let look: Promise<OutboxCounts> | undefined
  let lookedAt = 0
  return () => {
    if (look && performance.now() - lookedAt < LOOK_LASTS_MS) return look
    lookedAt = performance.now()
    look = count()
    return look
  }
}

/** Gauges that ask Postgres when they are read. While it is away they have no values, and the others are there. */
const registerGauges = (registers: Registry[], count: () => Promise<OutboxCounts>): void => {
  const nothing: OutboxCounts = { rows: [], oldest: [] }
  const look = shareLooks(() => count().catch(() => nothing))
  new Gauge({
    name: 'unnest_outbox_oldest_open_seconds',
    help: 'Age of the oldest job that is neither done nor given up',
    labelNames: ['queue'],
    registers,
    async collect() {
      const { oldest } = await look()
      this.reset()
      for (const { queue, seconds } of oldest) this.set({ queue }, seconds)
    },
  })
  new Gauge({
    name: 'unnest_outbox_overdue_seconds',
    help: 'Since the first of the jobs that no worker has taken yet was due; 0 where none is',
    labelNames: ['queue'],
    registers,
    async collect() {
      const { rows, oldest } = await look()
      this.reset()
      for (const { queue } of oldest) {
        const ages = rows.filter((row) => row.queue === queue).map(({ overdue }) => overdue)
        this.set({ queue }, Math.max(0, ...ages))
      }
    },
  })
  new Gauge({
    name: 'unnest_outbox_rows',
    help: 'Jobs by state, dead letters included; counted up to 100,000 of each queue',
    labelNames: ['queue', 'state'],
    registers,
    async collect() {
      const { rows } = await look()
      this.reset()
      for (const { queue, state, count: value } of rows) this.set({ queue, state }, value)
    },
  })
}

/** Adds the metrics of jobs and outbox to the registry. */
export const createQueueMetrics = (registry: Registry, count: () => Promise<OutboxCounts>): QueueMetrics => {
  const counters = registerCounters([registry])
  registerGauges([registry], count)
  return {
    ended: (queue, jobName, outcome, seconds) => {
      counters.tries.inc({ queue, job_name: jobName, outcome })
      counters.duration.observe({ queue, job_name: jobName }, seconds)
    },
    buried: (jobName, why) => counters.deadLetters.inc({ job_name: jobName, why }),
    handedOver: (jobs) => counters.handovers.inc(jobs),
    queueLost: () => counters.losses.inc(),
  }
}
