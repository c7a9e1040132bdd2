import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Stage } from './stage.js'

/** One fault: what is done to the fleet, and what is promised of it. No effect may be lost or doubled by any. */
export interface Scenario {
  readonly id: string
  readonly title: string
  readonly noFailures: boolean
  readonly act: (stage: Stage, faultMs: number) => Promise<void>
}

const ROLLS = 10

/** One member at a time, as a deploy does. */
const rollAll = async ({ pods, workers }: Stage): Promise<void> => {
  for (let roll = 1; roll <= ROLLS; roll += 1) {
    for (const member of [...pods, ...workers]) {
      await member.stop()
      await member.start()
    }
    console.log(`roll ${roll} of ${ROLLS}`)
  }
}

const frozen = async (pid: number, ms: number): Promise<void> => {
  process.kill(pid, 'SIGSTOP')
  try {
    await wait(ms)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

const killed = async (members: Stage['pods'], ms: number): Promise<void> => {
  const [victim] = members
  if (victim === undefined) return
  process.kill(victim.pid(), 'SIGKILL')
  await wait(ms)
  await victim.start()
}

const flush = async ({ redisUrl }: Stage): Promise<void> => {
  const redis = new Redis(redisUrl, { commandTimeout: 5_000 })
  try {
    await redis.flushall()
  } finally {
    redis.disconnect()
  }
}

const restartDatabase = async (stage: Stage, ms: number): Promise<void> => {
  await stage.running.database.stop()
  await wait(ms)
  stage.running.database = await stage.startDatabase()
}

const withoutRedis = async (stage: Stage, ms: number): Promise<void> => {
  await stage.running.redis.stop()
  await wait(ms)
  stage.running.redis = await stage.startCache()
}

/** The promises, one table: whether a client may see an error. */
export const SCENARIOS: readonly Scenario[] = [
  { id: 'rolling', title: 'Ten rolling restarts', noFailures: true, act: rollAll },
  { id: 'postgres', title: 'Postgres restarts', noFailures: false, act: restartDatabase },
  { id: 'redis-gone', title: 'Redis gone', noFailures: true, act: withoutRedis },
  {
    ...{ id: 'redis-silent', title: 'Redis silent', noFailures: true },
    act: ({ running }, ms) => frozen(running.redis.pid, ms),
  },
  { id: 'redis-flushed', title: 'Redis flushed', noFailures: true, act: flush },
  {
    ...{ id: 'pod-killed', title: 'Pod killed with -9', noFailures: false },
    act: ({ pods }, ms) => killed(pods, ms),
  },
  {
    ...{ id: 'pod-frozen', title: 'Pod frozen', noFailures: false },
    act: ({ pods }, ms) => frozen(pods[0]?.pid() ?? 0, ms),
  },
  {
    ...{ id: 'worker-killed', title: 'Worker killed with -9', noFailures: true },
    act: ({ workers }, ms) => killed(workers, ms),
  },
]
