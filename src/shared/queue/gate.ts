/** Lets work run side by side, and some of it alone. */
export interface Gate {
  readonly among: <T>(work: () => Promise<T>) => Promise<T>
  /** Waits until nothing else runs, and lets nothing else begin before it has ended. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>
}

export const createGate = (): Gate => {
  const running = new Set<Promise<unknown>>()
  let lastAlone: Promise<unknown> = Promise.resolve()

  const among: Gate['among'] = async (work) => {
    let seen: Promise<unknown> | undefined
    // While we waited for one, another may have come.
    while (seen !== lastAlone) {
      seen = lastAlone
      await seen
    }
    const run = work()
    running.add(run)
    try {
      return await run
    } finally {
      running.delete(run)
    }
  }

  const alone: Gate['alone'] = (work) => {
    const before = lastAlone
    const run = before.then(() => Promise.allSettled(running)).then(work)
    lastAlone = run.then(
      () => undefined,
      () => undefined,
    )
    return run
  }

  return { among, alone }
}
