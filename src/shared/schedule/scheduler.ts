import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { mayPass } from '../database/failures.js'
import { StaleHolderError } from '../database/fence.js'
import { type RunNeeds, runIfDue } from './run-job.js'
import type { ScheduledJob } from './scheduled-job.js'

/** How often each pod looks whether something is due: the most that a run is late when its pod died. */
const LOOK_EVERY_MS = 2_000
/** Pods that were started together are not to look together for ever. */
const JITTER = 0.2
/** After a failure the pod leaves the job alone for so long. */
const PAUSE_AFTER_FAILURE_MS = 5_000

/** Redlock's word for a Redis that does not answer; every other job would fail on it as well. */
const isOutage = (error: unknown): boolean =>
  mayPass(error) || (error instanceof Error && error.name === 'ExecutionError')

export type SchedulerNeeds = Omit<RunNeeds, 'stopping'> & { readonly jobs: readonly ScheduledJob[] }

export interface Scheduler {
  /** Waits for the batch in hand. */
  readonly stop: () => Promise<void>
}

/**
 * Runs what is due, on whichever pod comes first. Postgres and no timer says what is due, so that however many pods
 * there are do each job once in its interval, and a run whose pod vanished is taken over.
 */
export const startScheduler = ({ jobs, ...needs }: SchedulerNeeds): Scheduler => {
  const stopping = new AbortController()
  const { signal } = stopping
  // One rest each; Node takes more than ten for a leak.
  setMaxListeners(jobs.length, signal)
  let quietUntil = 0

  const rest = (ms: number): Promise<void> => wait(ms, undefined, { signal }).catch(() => {})

  const explain = (job: ScheduledJob, error: unknown): void => {
    if (error instanceof StaleHolderError) {
      needs.logger.info({ job: job.name }, 'scheduled job taken over by another pod')
      return
    }
    // One line of an outage, and not one for each job.
    const isKnown = isOutage(error) && performance.now() < quietUntil
    if (isOutage(error)) quietUntil = performance.now() + PAUSE_AFTER_FAILURE_MS
    needs.logger[isKnown ? 'debug' : 'warn']({ job: job.name, err: error }, 'scheduled job failed')
  }

  /** Each job by itself: one that takes long keeps no other waiting. */
  const keepDoing = async (job: ScheduledJob): Promise<void> => {
    while (!signal.aborted) {
      try {
        await runIfDue(job, { ...needs, stopping: signal })
        await rest(LOOK_EVERY_MS * (1 + JITTER * (Math.random() - 0.5)))
      } catch (error) {
        explain(job, error)
        await rest(error instanceof StaleHolderError ? LOOK_EVERY_MS : PAUSE_AFTER_FAILURE_MS)
      }
    }
  }

  const running = Promise.all(jobs.map(keepDoing))
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
