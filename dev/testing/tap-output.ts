/** What one test process has said, and what to print of it. */
export interface TapReport {
  /** Whether it came to an end, and there was a test in it. */
  readonly complete: boolean
  readonly passed: number
  readonly failed: number
  /** What a test has measured: shown whether it passes or not. */
  readonly figures: readonly string[]
  /** Of the failed assertions, with their details. */
  readonly failures: readonly string[]
}

const SUMMARY = /^# \{ total: [1-9].*\}$/
const FIGURE = /^\s*# (figure: .*)$/
/** Of a failed file one wants the failed assertions only. */
const PASSED_OR_PLAN = /^\s*(ok \d+|1\.\.\d+|# time=|# Subtest|# figure: )|^\s*$|^TAP version/

/** tap leaves counts of zero out. What is skipped or to be done has neither passed nor failed. */
const countIn = (summary: string, what: 'pass' | 'fail'): number =>
  Number(new RegExp(`\\b${what}: (\\d+)`).exec(summary)?.[1] ?? 0)

/** Reads the TAP of one process. One that crashed while it was loaded has no summary: it counts nothing. */
export const readTap = (lines: readonly string[]): TapReport => {
  const summary = lines.find((line) => SUMMARY.test(line)) ?? ''
  return {
    complete: summary !== '',
    passed: countIn(summary, 'pass'),
    failed: countIn(summary, 'fail'),
    figures: lines.flatMap((line) => FIGURE.exec(line)?.[1] ?? []),
    failures: lines.filter((line) => line !== summary && !PASSED_OR_PLAN.test(line)),
  }
}
