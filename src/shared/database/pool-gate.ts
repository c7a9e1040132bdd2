import type { Sql } from 'postgres'
import { type BulkheadLoad, createBulkhead } from '../bulkhead.js'

/*
 * The driver has no limit for the wait for a connection, nor for the number of those who wait; and a statement that finds
 * all connections busy is sent behind another one's, where it stays however long that takes and whatever becomes free.
 */

const MAX_WAITING = 1_000

export interface PoolLoad extends BulkheadLoad {
  /** Since something last went well; Infinity before the first time. */
  readonly sinceSuccessMs: number
}

export interface PoolGate {
  /** A view of the client, for drizzle: the driver itself goes on to use its own methods. */
  readonly gated: Sql
  readonly load: () => PoolLoad
}

/** What drizzle uses of the driver, outside of transactions. */
interface Pending extends PromiseLike<unknown> {
  values: () => PromiseLike<unknown>
}
interface Pool {
  unsafe: (...args: readonly unknown[]) => Pending
  begin: (work: unknown) => Promise<unknown>
}

/** `isTransientFailure` knows the code: whoever asks a little later may find a place. */
const noneFree = (): Error =>
  Object.assign(new Error('no connection of the pool became free in time'), { code: 'POOL_EXHAUSTED' })

/**
 * Lets as many statements and transactions at the pool as it has connections; the others wait in turn, for `waitMs` at
 * most, and are refused then.
 */
export const gatePool = (client: Sql, poolMax: number, waitMs: number): PoolGate => {
  const bulkhead = createBulkhead(poolMax, MAX_WAITING, waitMs, noneFree)
  let succeededAt = Number.NEGATIVE_INFINITY
  const pass = (work: () => PromiseLike<unknown>): Promise<unknown> =>
    bulkhead.run(async () => {
      const result = await work()
      succeededAt = performance.now()
      return result
    })
  // Drizzle calls these two, in this form, and reads the options.
  const pool = client as unknown as Pool
  const gates: Pool = {
    begin: (work) => pass(() => pool.begin(work)),
    unsafe: (...args) => {
      const query = pool.unsafe(...args)
      return {
        values: () => pass(() => query.values()),
        // biome-ignore lint/suspicious/noThenProperty: as the driver's own, it is sent when somebody waits for it.
        then: (done, failed) => pass(() => query).then(done, failed),
      }
    },
  }
  return {
    gated: Object.assign(Object.create(client), gates),
    load: () => ({ ...bulkhead.load(), sinceSuccessMs: performance.now() - succeededAt }),
  }
}
