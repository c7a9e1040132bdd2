import type { FastifyInstance } from 'fastify'
import { type Call, startPod, type World } from './app.js'
import { nth } from './crowd.js'
import type { Test } from './environment.js'
import { scaled } from './figures.js'
import { startFleet } from './fleet.js'

/** API pods of one world. */
export interface Pods {
  /** A client of each. */
  readonly calls: readonly Call[]
  /** Signs the world's tokens. */
  readonly app: FastifyInstance
  /** For a figure. */
  readonly kind: 'pods' | 'processes'
}

/**
 * Starts so many pods whose only tie is Postgres and Redis. In `npm test` they are in this process, since one of its own costs
 * as much processor time as some hundred requests; in the long form each is a process.
 */
export const startPods = async (t: Test, world: World, size: number): Promise<Pods> => {
  const inLongForm = scaled(0, 1) === 1
  const here = await Promise.all(Array.from({ length: inLongForm ? 1 : size }, () => startPod(t, world)))
  const { app } = nth(here, 0)
  if (!inLongForm) return { calls: here.map(({ call }) => call), app, kind: 'pods' }
  const fleet = await startFleet(t, world, size)
  return { calls: fleet.map(({ call }) => call), app, kind: 'processes' }
}
