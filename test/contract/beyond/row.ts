import type { Test } from 'tap'

/** A promise that the recipe does not make: what is tested, what we do, and what the baseline does instead. */
export interface Row<Stage> {
  readonly name: string
  readonly does: string
  readonly ours: string
  readonly baseline: string
  /** Whether the promise is kept by the service on this stage. @throws Error when the scene itself goes wrong */
  readonly holds: (stage: Stage) => Promise<boolean>
}

export type Expectation = 'pass' | 'fail'

/** Shows each row: that it is kept, or that it is not. Either way the table that names it tells the truth. */
export const prove = async <Stage>(
  t: Test,
  rows: readonly Row<Stage>[],
  stage: Stage,
  expected: Expectation,
): Promise<void> => {
  for (const { name, holds, ours, baseline } of rows) {
    const says = expected === 'pass' ? ours : baseline
    t.equal(await holds(stage), expected === 'pass', `${name}: ${says}`)
  }
}
