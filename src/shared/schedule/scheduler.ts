import { setTimeout as wait } from 'node:timers/promises'
import { isTransientFailure } from '../database/failures.js'
import { type RunNeeds, runIfDue } from './run-job.js'
import type { ScheduledJob } from './scheduled-job.js'

/** How often each pod looks whether something is due: the most that a run is late when its pod died. */
const LOOK_EVERY_MS = 2_000
/** Pods that were started together are not to look together for ever. */
const JITTER = 0.2
/** After a failure the pod leaves the job alone for so long, and all of them when Redis or Postgres is away. */
const PAUSE_AFTER_FAILURE_MS = 15_000

/** Redlock's word for a Redis that does not answer; every other job would fail on it as well. */
const isOutage = (error: unknown): boolean =>
  isTransientFailure(error) || (error instanceof Error && error.name === 'ExecutionError')

export type SchedulerNeeds = Omit<RunNeeds, 'stopping'> & { readonly jobs: readonly ScheduledJob[] }

export interface Scheduler {
  /** Waits for the batch in hand. */
  readonly stop: () => Promise<void>
}

/**
 * Runs what is due, on whichever pod comes first. What is due is in Postgres and not in a timer: any number of pods
 * do each job once in its interval, and a run whose pod vanished is taken over.
 */
export const startScheduler = ({ jobs, ...needs }: SchedulerNeeds): Scheduler => {
  const stopping = new AbortController()
  const pausedUntil = new Map<string, number>()

  const attempt = async (job: ScheduledJob): Promise<void> => {
    try {
      await runIfDue(job, { ...needs, stopping: stopping.signal })
    } catch (error) {
      for (const { name } of isOutage(error) ? jobs : [job])
        pausedUntil.set(name, performance.now() + PAUSE_AFTER_FAILURE_MS)
      needs.logger.warn({ job: job.name, err: error }, 'scheduled job failed')
    }
  }

  const lookAround = async (): Promise<void> => {
    for (const job of jobs) {
      if (stopping.signal.aborted) return
      if ((pausedUntil.get(job.name) ?? 0) <= performance.now()) await attempt(job)
    }
  }

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await lookAround()
      const pause = LOOK_EVERY_MS * (1 + JITTER * (Math.random() - 0.5))
      await wait(pause, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  const running = loop()
  return {
    stop: () => {
      stopping.abort()
      return running
    },
  }
}
