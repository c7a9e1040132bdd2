import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { FaultStage } from '../contract/beyond/under-faults.js'
import { createClient } from '../contract/support/client.js'
import { createWorld } from './app.js'
import type { Test } from './environment.js'
import { createProduct, registerAdmin, registerUser } from './factories.js'
import type { Implementation } from './implementations.js'
import { startOwnRedis } from './own-redis.js'
import { startProxy } from './proxy.js'

/** An API and a worker of that implementation, on a database of their own and a Redis that can be taken from them. */
export const setFaultStage = async (t: Test, implementation: Implementation): Promise<FaultStage> => {
  const redis = await startOwnRedis(t)
  const { port, cut, stall, mend } = await startProxy(t, new URL(redis.url))
  const world = await createWorld(t, { REDIS_URL: `redis://127.0.0.1:${port}` })
  const { sql } = world.database
  let api = await implementation.startApi(t, world)
  let worker = await implementation.startWorker(t, world)
  const admin = await registerAdmin(api.call, world)
  const buyer = await registerUser(api.call)
  const { id: productId } = await createProduct(api.call, admin, { stock: 1_000 })
  return {
    call: (method, path, options) => createClient(api.url, 0)(method, path, options),
    buyer,
    productId,
    redis: { cut, stall, mend, empty: async () => void (await redis.client.flushall()) },
    killApi: async () => {
      api.kill('SIGKILL')
      await api.exit
    },
    startApi: async () => {
      api = await implementation.startApi(t, world)
    },
    stopWorker: async () => {
      worker.kill('SIGTERM')
      await worker.exit
    },
    startWorker: async () => {
      worker = await implementation.startWorker(t, world)
    },
    countOrders: async () => {
      const [row] = await sql`select count(*)::int as n from orders where user_id = ${buyer.id}`
      return Number(row?.['n'])
    },
    isMailed: (key) => existsSync(join(world.mailDir, `${key}.eml`)),
    keepsNewerJob: () => implementation.keepsNewerJob(world, redis.client),
  }
}
