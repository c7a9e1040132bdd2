import { Redis } from 'ioredis'
import { createWorkerContainer } from '../../src/container.js'
import { connectDatabase } from '../../src/shared/database/client.js'
import type { World } from './app.js'
import { type Test, testServices } from './environment.js'

/** Expires orders as a worker does, whenever it is asked to: up to so many, however young. @returns how many it was */
export const createExpiry = (t: Test, world: World): ((limit: number) => Promise<number>) => {
  const { database, close } = connectDatabase({
    url: world.database.url,
    poolMax: 2,
    applicationName: 'unnest-worker',
  })
  t.teardown(close)
  const { cradle } = createWorkerContainer({
    database,
    // Never used, and so never connected.
    lockRedis: new Redis(testServices().redisUrl, { lazyConnect: true }),
    lockMs: 10_000,
    redisPrefix: world.redisPrefix,
    storageSettings: { place: { directory: world.mailDir }, temporaryDirectory: world.mailDir },
    mailSettings: {
      smtpUrl: undefined,
      directory: world.mailDir,
      from: 'Unnest <a@b.example>',
      appUrl: undefined,
    },
  })
  const { transitionsService } = cradle
  return (limit) =>
    database.transaction((transaction) => transitionsService.expireOrders(transaction, 0, limit))
}
