/** One answered or failed request, as the client saw it. Times in milliseconds. */
export interface Sample {
  readonly at: number
  readonly took: number
  /** 0: there was no answer. */
  readonly status: number
  readonly ok: boolean
  /** 503 with Retry-After. */
  readonly putOff: boolean
  /** Of a failed one: what was asked, and the answer's own words. */
  readonly said?: string | undefined
}

/** The nearest-rank percentile; 0 of nothing. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

/** From the end of the fault to the last failed request that began after it; 0 when none failed. */
export const recoveryOf = (samples: readonly Sample[], endedAt: number): number => {
  const failed = samples.filter(({ at, ok }) => !ok && at > endedAt)
  return failed.reduce((latest, { at, took }) => Math.max(latest, at + took - endedAt), 0)
}

/** What the client was told beside what Postgres holds. Every key must have been answered, if by a retry. */
export const compareEffects = (
  acknowledged: readonly string[],
  stored: readonly string[],
): { readonly lost: number; readonly doubled: number } => {
  const [told, kept] = [new Set(acknowledged), new Set(stored)]
  return {
    lost: [...told].filter((id) => !kept.has(id)).length,
    // An order that no key was answered with is the second of some key; two keys never share one.
    doubled: [...kept].filter((id) => !told.has(id)).length + acknowledged.length - told.size,
  }
}

/** What became of the mails that had to be, by how often each was taken. */
export const compareMails = (
  times: readonly number[],
): { readonly missing: number; readonly repeated: number } => ({
  missing: times.filter((count) => count === 0).length,
  repeated: times.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
})
