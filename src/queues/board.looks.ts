/** The page asks for all queues once for each of them: one look serves them all, and other pages of that moment. */
const FRESH_MS = 250

/** A look that takes longer is waited for by nobody who comes later. */
const GIVE_UP_AFTER_MS = 10_000

/** Makes a look that whoever comes while it lasts, or a moment after it, shares. A failed one is not kept. */
export const shareLook = <T>(look: () => Promise<T>, freshMs = FRESH_MS): (() => Promise<T>) => {
  let shared: Promise<T> | undefined
  let staleAt = 0
  return () => {
    if (shared && performance.now() < staleAt) return shared
    const looking = look()
    shared = looking
    staleAt = performance.now() + GIVE_UP_AFTER_MS
    looking.then(
      () => {
        staleAt = performance.now() + freshMs
      },
      () => {
        shared = undefined
      },
    )
    return looking
  }
}
