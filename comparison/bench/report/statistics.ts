/** The middle of some measured values, and how far they went. */
export interface Spread {
  readonly low: number
  readonly middle: number
  readonly high: number
}

export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, middle, high] = [sorted[0], sorted[(sorted.length - 1) >> 1], sorted.at(-1)]
  if (low === undefined || middle === undefined || high === undefined) throw new Error('nothing was measured')
  // Of an even number there is no middle one.
  const upper = sorted[sorted.length >> 1] ?? middle
  return { low, middle: (middle + upper) / 2, high }
}

/** Of what was measured in the same round: whatever slowed the machine down then slowed both. */
export const ratiosOf = (ours: readonly number[], theirs: readonly number[]): Spread =>
  spreadOf(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)))
