import { type Call, createCall, type Pod, startPod, type World } from './app.js'
import type { Test } from './environment.js'
import { type RunningProcess, startServer } from './process.js'

/** An API process of production's kind, and a client of it. */
export interface Server extends RunningProcess {
  readonly url: string
  readonly call: Call
}

/** Starts so many API processes on one database: what one knows the other must not have to be told. */
export const startFleet = async (
  t: Test,
  { env }: World,
  size: number,
  overrides: Readonly<Record<string, string>> = {},
): Promise<readonly Server[]> =>
  Promise.all(
    Array.from({ length: size }, async () => {
      const server = await startServer(t, { ...env, ...overrides })
      return { ...server, call: createCall(server.url) }
    }),
  )

/** The same for two, which is most often enough. */
export const startTwo = async (
  t: Test,
  world: World,
  overrides?: Readonly<Record<string, string>>,
): Promise<readonly [Server, Server]> => {
  const [one, other] = await startFleet(t, world, 2, overrides)
  return [required(one), required(other)]
}

/**
 * A process of production's kind, and a pod in the process of the test: two that share nothing but Postgres and
 * Redis, for half of what starting two costs.
 */
export const startPair = (t: Test, world: World): Promise<readonly [Server, Pod]> =>
  Promise.all([startFleet(t, world, 1).then(([server]) => required(server)), startPod(t, world)])

/** Two pods in the process of the test, for what they know of each other by Postgres and Redis alone. */
export const startTwoPods = async (t: Test, world: World): Promise<readonly [Pod, Pod]> => [
  await startPod(t, world),
  await startPod(t, world),
]

const required = (server: Server | undefined): Server => {
  if (!server) throw new Error('a server is missing')
  return server
}
