import type { JobSettings } from './contract.js'

const LONGEST_MS = 3_600_000
/** What failed together is not to come again together. A fixed schedule keeps nearer to its steps than a doubling. */
const SCHEDULE_SPREAD = 0.2
const DOUBLING_SPREAD = 0.5

/** Milliseconds until the next try, after `failed` of them failed (1 or more). */
export const delayBeforeNext = (
  { backoffMs, delaysMs }: Pick<JobSettings, 'backoffMs' | 'delaysMs'>,
  failed: number,
): number => {
  const [delay, spread] = delaysMs
    ? [delaysMs[Math.min(failed, delaysMs.length) - 1] ?? backoffMs, SCHEDULE_SPREAD]
    : [Math.min(backoffMs * 2 ** (failed - 1), LONGEST_MS), DOUBLING_SPREAD]
  return Math.round(delay * (1 - spread / 2 + Math.random() * spread))
}
