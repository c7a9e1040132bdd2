import { AsyncLocalStorage } from 'node:async_hooks'

/** Tells whoever keeps copies that what these tags name has changed. Never rejects. */
export type Announce = (tags: readonly string[]) => Promise<void>

/** What the transaction around whatever runs at the moment has changed. */
const noted = new AsyncLocalStorage<Set<string>>()

/**
 * Notes what the open transaction changes, by the tags that caches know it by. They are announced when it has ended.
 * @throws Error outside of a transaction of a pool that announces: the change would never be heard of
 */
export const noteChanges = (tags: readonly string[]): void => {
  const changes = noted.getStore()
  for (const tag of tags) {
    if (!changes) throw new Error(`nobody would announce the change of ${tag}`)
    changes.add(tag)
  }
}

/** Whether a transaction that announces its changes is around. */
export const isInsideTransaction = (): boolean => noted.getStore() !== undefined

/**
 * Runs a transaction, and announces what was noted in it before anybody hears of its end. Bound to the transaction and
 * not to the request: a handler that ran out of time is answered while its work goes on, and commits later. Announced
 * after a failure as well: where the connection broke in the commit, nobody knows.
 * @param run begins the transaction, and has `collect` run the work inside
 */
export const announcing = async <T>(
  announce: Announce,
  run: (collect: (work: () => Promise<T>) => Promise<T>) => Promise<T>,
): Promise<T> => {
  const changes = new Set<string>()
  try {
    return await run((work) => noted.run(changes, work))
  } finally {
    if (changes.size > 0) await announce([...changes])
  }
}
