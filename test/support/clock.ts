import { mock } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Test as TapTest } from 'tap'

/** Time that passes only when the test says so, for a process's own clock and its timers alike. */
export interface Clock {
  readonly seconds: () => number
  /** In steps, so that what a timer has begun goes on before the next one. */
  readonly pass: (ms: number) => Promise<void>
}

const STEP_MS = 250

export const stopClock = (t: TapTest): Clock => {
  let now = 1_000_000
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  t.teardown(() => mock.timers.reset())
  t.intercept(performance, 'now', { value: () => now })
  return {
    seconds: () => now / 1_000,
    pass: async (ms) => {
      for (let left = ms; left > 0; left -= STEP_MS) {
        const step = Math.min(left, STEP_MS)
        now += step
        mock.timers.tick(step)
        await nextTurn()
      }
    },
  }
}

/** The process's own clock, which stands until the test sets it; no timers. */
export const holdClock = (t: TapTest) => {
  let now = 5_000_000
  t.intercept(performance, 'now', { value: () => now })
  return {
    now: () => now,
    pass: (ms: number) => {
      now += ms
    },
  }
}
