import { AsyncLocalStorage } from 'node:async_hooks'

interface Ambient {
  readonly transaction: object
  isOpen: boolean
}

/** The transaction around whatever runs at the moment. */
const ambient = new AsyncLocalStorage<Ambient>()

/** What goes on after its transaction has ended must not write: the connection is somebody else's by then. */
const openTransaction = (): object | undefined => {
  const current = ambient.getStore()
  if (current && !current.isOpen) throw new Error('the transaction around this has ended')
  return current?.transaction
}

/**
 * Makes a pool that becomes the ambient transaction where there is one. A transaction that is opened inside is a
 * savepoint of it, so two of them are not to be open side by side; and a plain read takes no second connection, for
 * which a full pool would wait in a circle.
 */
export const followAmbient = <Pool extends object>(pool: Pool): Pool =>
  new Proxy(pool, { get: (target, property) => Reflect.get(openTransaction() ?? target, property) })

/** Runs `work` with `transaction` in place of the pool. */
export const withAmbient = async <T>(transaction: object, work: () => Promise<T>): Promise<T> => {
  const current = { transaction, isOpen: true }
  try {
    return await ambient.run(current, work)
  } finally {
    current.isOpen = false
  }
}
