import { AsyncResource } from 'node:async_hooks'

type Waiting<Item, Result> = {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * With one, all callers would go in step, and wait for Postgres and for us by turns; with many more, the batches would be
 * small, and each has its price. Each takes a connection of the pool.
 */
const BATCHES_AT_ONCE = 3

/**
 * Turns calls for one item each into calls for many: while some batches are on their way, the next one gathers. Whoever calls
 * alone does not wait for company. The callers are few (a queue's concurrency), and so is what can gather. A batch runs in
 * nobody's context, neither a caller's transaction nor its trace: it is for others as well.
 * @param run gets 1 to `limit` items, and resolves to their results in the same order
 */
export const inBatches = <Item, Result>(
  limit: number,
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
): ((item: Item) => Promise<Result>) => {
  let waiting: Waiting<Item, Result>[] = []
  let running = 0

  const runBatch = async (batch: readonly Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await run(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  const runAll = AsyncResource.bind(async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, limit)
      waiting = waiting.slice(limit)
      await runBatch(batch)
    }
    running -= 1
  })

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (running === BATCHES_AT_ONCE) return
      running += 1
      // Whatever else begins in this turn of the event loop comes along.
      setImmediate(() => void runAll())
    })
}
