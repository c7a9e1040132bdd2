import { AsyncLocalStorage } from 'node:async_hooks'

/** The transaction around whatever runs at the moment. */
const ambient = new AsyncLocalStorage<object>()

/**
 * Makes a pool that becomes the ambient transaction where there is one. A transaction that is opened inside is a
 * savepoint of it, and a plain read takes no second connection, for which a full pool would wait in a circle.
 */
export const followAmbient = <Pool extends object>(pool: Pool): Pool =>
  new Proxy(pool, { get: (target, property) => Reflect.get(ambient.getStore() ?? target, property) })

/** Runs `work` with `transaction` in place of the pool. */
export const withAmbient = <T>(transaction: object, work: () => Promise<T>): Promise<T> =>
  ambient.run(transaction, work)
