/*
 * tap's own reporters redraw the screen, lose their last frame in CI, and show a test file that crashed while it was
 * loaded as skipped. So tap prints plain TAP, and we print one line a test file, and for one that failed what failed.
 */

export interface TapCounts {
  readonly passed: number
  readonly failed: number
}

export interface TapProgress {
  readonly onLine: (line: string) => void
  /** From tap's summary; undefined when it came to none. */
  readonly counts: () => TapCounts | undefined
}

type Print = (line: string) => void

const FILE_RESULT = /^(not )?ok \d+ - (.+?)(?: # time=([\d.]+)m?s)?(?: # (?:SKIP|TODO).*)?$/
const SUMMARY = /^# \{ total: \d+, .*\}$/
/** What a test has measured: shown whether it passes or not. */
const FIGURE = /^\s*# (figure: .*)$/
/** Of a failed file one wants the failed assertions only, with their details. */
const PASSED_OR_PLAN = /^\s*(ok \d+|1\.\.\d+|# time=|# Subtest)|^\s*$/

/** Reads TAP line by line. The block of a test file comes before its result. */
export const createTapProgress = (print: Print): TapProgress => {
  let block: string[] = []
  let tail: 'none' | 'details' = 'none'
  let counts: TapCounts | undefined

  const onResult = (failed: boolean, file: string, ms: string | undefined): void => {
    print(`${failed ? 'FAILED' : 'ok    '}  ${file.padEnd(44)} ${seconds(ms)}`)
    if (failed) for (const line of block) if (!PASSED_OR_PLAN.test(line)) print(line)
    tail = failed ? 'details' : 'none'
    block = []
  }

  const onFigure = (line: string): void => {
    const [, figure] = FIGURE.exec(line) ?? []
    if (figure !== undefined) print(`        ${figure}`)
  }

  const onLine = (line: string): void => {
    onFigure(line)
    const result = FILE_RESULT.exec(line)
    if (result !== null) onResult(result[1] !== undefined, result[2] ?? '', result[3])
    else if (SUMMARY.test(line)) counts = countsOf(line)
    else if (line.startsWith('Bail out!')) print(line)
    else if (line.startsWith('# Subtest: ')) tail = 'none'
    else if (tail === 'none') block.push(line)
    else if (/^\s+(exitCode|signal|expired|error): (?!null)/.test(line)) print(line)
  }
  return { onLine, counts: () => counts }
}

const seconds = (ms: string | undefined): string =>
  ms === undefined ? '' : `${(Number(ms) / 1_000).toFixed(1).padStart(6)} s`

/** tap leaves counts of zero out. What is skipped or to be done has neither passed nor failed. */
const countsOf = (summary: string): TapCounts => ({
  passed: Number(/\bpass: (\d+)/.exec(summary)?.[1] ?? 0),
  failed: Number(/\bfail: (\d+)/.exec(summary)?.[1] ?? 0),
})
