import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { v7 as uuidv7 } from 'uuid'
import type { World } from './app.js'
import { type Adapter, startBaseline, startBaselineWorker } from './baseline.js'
import type { Test } from './environment.js'
import { type Server, startFleet } from './fleet.js'
import { insertJob } from './outbox.js'
import { type RunningProcess, startProcess } from './process.js'
import { until } from './until.js'

/** One service of those that keep the contract, as its operator would run it. */
export interface Implementation {
  readonly name: string
  readonly startApi: (t: Test, world: World, overrides?: Readonly<Record<string, string>>) => Promise<Server>
  readonly startWorker: (t: Test, world: World) => Promise<RunningProcess>
  /** Gives the worker a job that only a later version knows. @returns whether it is kept for that one */
  readonly keepsNewerJob: (world: World, redis: Redis) => Promise<boolean>
}

export const ours: Implementation = {
  name: 'ours',
  startApi: async (t, world, overrides) => {
    const [server] = await startFleet(t, world, 1, overrides)
    if (!server) throw new Error('the server is missing')
    return server
  },
  startWorker: (t, { env }) => startProcess(t, 'worker.js', env),
  keepsNewerJob: async (world) => {
    const id = await insertJob(world, { version: 99, payload: { userId: uuidv7() } })
    const { parked_at } = await until('a worker to have seen the job', async () => {
      const [row] = await world.database.sql`select parked_at, closed_at from outbox where id = ${id}`
      return row && (row['parked_at'] ?? row['closed_at']) !== null && { parked_at: row['parked_at'] }
    })
    return parked_at !== null
  },
}

const keepsNewerJobOfNest = async ({ redisPrefix }: World, redis: Redis): Promise<boolean> => {
  const connection = redis.duplicate({ maxRetriesPerRequest: null })
  const queue = new Queue('email', { connection, prefix: `${redisPrefix}:nest:queue` })
  try {
    const { id = '' } = await queue.add('send-newer', { userId: uuidv7() })
    const state = await until('a worker to have seen the job', async () => {
      const seen = await queue.getJobState(id)
      return (seen === 'failed' || seen === 'completed' || seen === 'delayed') && seen
    })
    return state === 'delayed'
  } finally {
    await queue.close()
    connection.disconnect()
  }
}

const baseline = (name: string, adapter: Adapter): Implementation => ({
  name,
  startApi: (t, world, overrides) => startBaseline(t, world, adapter, overrides),
  startWorker: startBaselineWorker,
  keepsNewerJob: keepsNewerJobOfNest,
})

export const nestOnExpress = baseline('Nest on Express', 'express')
export const nestOnFastify = baseline('Nest on Fastify', 'fastify')
