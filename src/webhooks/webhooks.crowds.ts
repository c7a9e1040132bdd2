/** How many deliveries wait for each endpoint, as this worker last counted. */
export interface Crowds {
  /** @param count is called when the last count is too old; its failure is the caller's */
  readonly sizeOf: (endpointId: string, count: () => Promise<number>) => Promise<number>
}

/** Counting a thousand takes about a millisecond or two, and is good for two hundred: it stays a small part of the work. */
const KEPT_MS_PER_DELIVERY = 0.2
/** What is counted anew is told as it was for so long, so that many who ask together do not all count. */
const RECOUNT_MS = 1_000
const MAX_KEPT = 1_000

export const createCrowds = (): Crowds => {
  const known = new Map<string, { readonly size: number; readonly untilMs: number }>()

  const keep = (endpointId: string, size: number, ms: number): void => {
    if (known.size >= MAX_KEPT) known.clear()
    known.set(endpointId, { size, untilMs: performance.now() + ms })
  }

  return {
    sizeOf: async (endpointId, count) => {
      const last = known.get(endpointId)
      if (last && last.untilMs > performance.now()) return last.size
      if (last) keep(endpointId, last.size, RECOUNT_MS)
      const size = await count()
      keep(endpointId, size, size * KEPT_MS_PER_DELIVERY)
      return size
    },
  }
}
