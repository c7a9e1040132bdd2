import type { Test as TapTest } from 'tap'

/** The size of a run: small in `npm test`, the scorecard's own in `npm run test:security`. */
export const scaled = (short: number, long: number): number =>
  process.env['TEST_LONG'] === '1' ? long : short

/** Prints what was measured, beside what the scorecard asks for; the runner shows such lines. */
export const figure = (t: TapTest, text: string): void => t.comment(`figure: ${text}`)

/** The p-th percentile (0 to 100) of the samples, by nearest rank. */
export const percentile = (samples: readonly number[], p: number): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  const rank = Math.max(1, Math.ceil((p / 100) * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}
