import type { Sql } from 'postgres'
import { isConnectionLost } from './failures.js'

/*
 * The driver (3.4.9) does not survive the loss of a connection inside a transaction. Once the work has failed it sends
 * its own ROLLBACK to the socket that is gone, which ends the process with an uncaught TypeError; and the work's next
 * statement goes out on whatever the slot has become, which may be somebody else's transaction. So the driver is never
 * told how work on a lost connection ended: Postgres has rolled it back by then, and the slot is free.
 */

/** What drizzle uses of a transaction. */
interface Scope {
  unsafe: (...args: readonly unknown[]) => unknown
  savepoint: Open
}

type Work = (scope: Scope) => Promise<unknown>
/** The driver's `begin`, or `savepoint`: runs the work in a scope of its own, and ends that by how the work ends. */
type Open = (work: Work) => Promise<unknown>

interface Fate {
  lost: boolean
}

const LOST = { code: 'CONNECTION_CLOSED' }
const lostError = (): Error => Object.assign(new Error('the connection of this transaction is gone'), LOST)

/** Opens a scope whose work is cut off from the driver when the connection goes. */
const openGuarded = (open: Open, work: Work, fate: Fate): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const lose = (error: unknown): void => {
      fate.lost = true
      reject(error)
    }
    const guarded: Work = (scope) =>
      new Promise((succeed, fail) => {
        guardScope(scope, fate)
        work(scope).then(
          (result) => (fate.lost ? lose(lostError()) : succeed(result)),
          (error: unknown) => (fate.lost || isConnectionLost(error) ? lose(error) : fail(error)),
        )
      })
    open(guarded).then(resolve, (error: unknown) => {
      if (isConnectionLost(error)) fate.lost = true
      reject(error)
    })
  })

const guardScope = (scope: Scope, fate: Fate): void => {
  const { unsafe, savepoint } = scope
  scope.unsafe = (...args) => {
    if (fate.lost) throw lostError()
    return unsafe(...args)
  }
  scope.savepoint = (work) => openGuarded(savepoint, work, fate)
}

/**
 * Makes the transactions of a client survive the loss of their connection: they reject, and nothing else happens. For
 * the one form of `begin` that drizzle uses, without options.
 */
export const surviveLostConnections = (client: Sql): void => {
  // The driver's types leave no room for a replacement of its own methods.
  const opener = client as unknown as { begin: Open }
  const begin = opener.begin.bind(client)
  opener.begin = (work) => openGuarded(begin, work, { lost: false })
}
