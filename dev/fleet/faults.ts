import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { findBystanders } from './accounts.js'
import { atMost, type Finding, noted, seconds } from './findings.js'
import { withClient } from './http-client.js'
import { until, withSql } from './limits.js'
import { PASSWORD } from './log-ins.js'
import type { Member } from './members.js'
import { processorSeconds, residentMegabytes, withFrozen } from './processes.js'
import type { Act } from './scenario.js'
import type { Stage } from './stage.js'

const RESUMED_LIMIT_MS = 30_000
const MAX_RESUMED_SECONDS = 10
const MAX_GROWTH_MEGABYTES = 50
/** Of one processor, for a worker that has nothing to do but to ask for its Postgres. */
const MAX_WAITING_PERCENT = 25

const growthDuring = async (members: readonly Member[], work: () => Promise<void>): Promise<number> => {
  const pids = members.map(({ pid }) => pid())
  const before = pids.map(residentMegabytes)
  await work()
  return Math.max(...pids.map((pid, n) => residentMegabytes(pid) - (before[n] ?? 0)))
}

/** How long after `from` a worker has closed a job. */
const untilResumed = async ({ databaseUrl }: Stage, from: Date): Promise<number> => {
  const closed = await withSql(databaseUrl, (sql) =>
    until(async () => {
      const [row] = await sql<{ at: Date | null }[]>`
        select min(closed_at) as at from outbox where closed_at > ${from}`
      return row?.at ?? undefined
    }, RESUMED_LIMIT_MS),
  )
  return (closed?.getTime() ?? from.getTime() + RESUMED_LIMIT_MS) - from.getTime()
}

/** Guesses at passwords are still limited, in the pod, or nobody may log in. */
const tryLogIn = async ({ databaseUrl, url }: Stage): Promise<Finding> => {
  const [user] = await findBystanders(databaseUrl, 1)
  const body = { email: user?.email, password: PASSWORD }
  const { status } = await withClient(({ send }) =>
    send({ method: 'POST', url: `${url}/v1/auth/login`, body }),
  )
  return { text: `a log-in meanwhile was answered with ${status}`, kept: [200, 429, 503].includes(status) }
}

export const redisGone = async ({ stage, faultMs }: Act): Promise<Finding[]> => {
  const findings: Finding[] = []
  const growth = await growthDuring([...stage.pods, ...stage.workers], async () => {
    await stage.running.redis.stop()
    const [logIn] = await Promise.all([tryLogIn(stage), wait(faultMs)])
    findings.push(logIn)
  })
  stage.running.redis = await stage.startCache()
  const resumed = await untilResumed(stage, new Date())
  return [
    ...findings,
    atMost('workers were at work again after', seconds(resumed), MAX_RESUMED_SECONDS, ' s'),
    atMost('a process grew by', Math.round(growth), MAX_GROWTH_MEGABYTES, ' MB'),
  ]
}

export const redisFrozen = async ({ stage, faultMs }: Act): Promise<Finding[]> => {
  await withFrozen(stage.area, stage.running.redis.pid, faultMs)
  return []
}

export const redisFlushed = async ({ stage }: Act): Promise<Finding[]> => {
  const redis = new Redis(stage.redisUrl, { commandTimeout: 5_000 })
  try {
    await redis.flushall()
  } finally {
    redis.disconnect()
  }
  return []
}

/** What the workers use meanwhile, in percent of one processor each. */
const waitingWorkers = async ({ workers }: Stage, work: () => Promise<void>): Promise<Finding> => {
  const pids = workers.map(({ pid }) => pid())
  const [before, begun] = [pids.map(processorSeconds), Date.now()]
  await work()
  const used = Math.max(...pids.map((pid, n) => processorSeconds(pid) - (before[n] ?? 0)))
  const percent = Math.round((used * 100_000) / (Date.now() - begun))
  return atMost('processor time of a worker that waits for Postgres:', percent, MAX_WAITING_PERCENT, ' %')
}

export const postgresRestarts = async ({ stage, faultMs }: Act): Promise<Finding[]> => {
  const waiting = await waitingWorkers(stage, async () => {
    await stage.running.database.stop()
    await wait(faultMs)
  })
  stage.running.database = await stage.startDatabase()
  return [waiting]
}

export const postgresFrozen = async ({ stage, faultMs }: Act): Promise<Finding[]> => [
  await waitingWorkers(stage, () => withFrozen(stage.area, stage.running.database.pid, faultMs)),
]

const killed = async (victim: Member | undefined, ms: number): Promise<Finding[]> => {
  if (victim === undefined) return []
  process.kill(victim.pid(), 'SIGKILL')
  await wait(ms)
  const begun = Date.now()
  await victim.start()
  return [noted(`the new one was ready after ${seconds(Date.now() - begun)} s`)]
}

export const podKilled = ({ stage, faultMs }: Act) => killed(stage.pods[0], faultMs)
export const workerKilled = ({ stage, faultMs }: Act) => killed(stage.workers[0], faultMs)

export const podFrozen = async ({ stage, faultMs }: Act): Promise<Finding[]> => {
  const [victim] = stage.pods
  if (victim !== undefined) await withFrozen(stage.area, victim.pid(), faultMs)
  return []
}
