import type { World } from './app.js'
import type { Test } from './environment.js'
import { createWorkerCradle } from './worker-cradle.js'

/** Expires orders as a worker does, whenever it is asked to: up to so many, however young. @returns how many it was */
export const createExpiry = (t: Test, world: World): ((limit: number) => Promise<number>) => {
  const { database, cradle } = createWorkerCradle(t, world)
  const { transitionsService } = cradle
  return (limit) =>
    database.transaction((transaction) => transitionsService.expireOrders(transaction, 0, limit))
}
