import { AsyncResource } from 'node:async_hooks'

type Waiting<Item, Result> = {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Turns calls for one item each into calls for many: while one batch is on its way, the next one gathers. Whoever calls
 * alone does not wait for company. The callers are few (a queue's concurrency), and so is what can gather. A batch runs in
 * nobody's context, neither a caller's transaction nor its trace: it is for others as well.
 * @param run gets 1 to `limit` items, and resolves to their results in the same order
 */
export const inBatches = <Item, Result>(
  limit: number,
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
): ((item: Item) => Promise<Result>) => {
  let waiting: Waiting<Item, Result>[] = []
  let running = false

  const runBatch = async (batch: readonly Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await run(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  const runAll = AsyncResource.bind(async (): Promise<void> => {
    running = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, limit)
      waiting = waiting.slice(limit)
      await runBatch(batch)
    }
    running = false
  })

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      // Whatever else begins in this turn of the event loop comes along.
      if (!running) {
        running = true
        setImmediate(() => void runAll())
      }
    })
}
