import { setTimeout as wait } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { withClosings } from './closing.js'
import { cpuOf } from './process-figures.js'
import { WORKER_PROGRAMS } from './programs.js'
import { type JobsResult, nameOf } from './results.js'
import { environmentOf, type Pinned, startPinned, untilReady } from './servers.js'
import type { Stage } from './stage.js'

/** Mails at once, of both. */
const CONCURRENCY = 100
const LOOK_EVERY_MS = 20
const LIMIT_MS = 180_000
const BULK = 500
/** The baseline's own options, see its queue.module.ts. */
const BASELINE_OPTIONS = {
  attempts: 9,
  backoff: { type: 'exponential', delay: 5_000 },
  removeOnComplete: { age: 86_400, count: 1_000 },
  removeOnFail: { age: 604_800 },
}

interface Contestant {
  readonly id: keyof typeof WORKER_PROGRAMS
  readonly environment: Readonly<Record<string, string>>
  /** Hands so many welcome mails in. */
  readonly handIn: (jobs: number) => Promise<void>
  /** @throws when one has failed */
  readonly isDone: () => Promise<boolean>
  readonly close: () => Promise<void>
}

const ours = ({ sql }: Stage): Contestant => ({
  id: 'ours',
  environment: { WORKER_QUEUES: 'mail', WORKER_CONCURRENCY: `mail=${CONCURRENCY}` },
  handIn: async (jobs) => {
    await sql`insert into outbox (id, name, version, queue, key, payload)
      select gen_random_uuid(), 'send-welcome', 2, 'mail', 'send-welcome-' || gen_random_uuid(),
        jsonb_build_object('userId', id) from users where role = 'user' limit ${jobs}`
  },
  isDone: async () => {
    // The scheduler puts work into queues that this worker does not serve.
    const open = await sql`select 1 from outbox where queue = 'mail' and closed_at is null limit 1`
    if (open.length > 0) return false
    const [failed] = await sql`select failure from outbox where failure is not null limit 1`
    if (failed) throw new Error(`A job of ours failed: ${failed['failure']}`)
    return true
  },
  close: async () => {},
})

const baseline = (stage: Stage): Contestant => {
  const { sql, redisUrl } = stage
  const url = new URL(redisUrl)
  const connection = { host: url.hostname, port: Number(url.port), maxRetriesPerRequest: 1 }
  const { REDIS_PREFIX: prefix } = environmentOf(stage, 'nest-express')
  const queue = new Queue('email', {
    connection,
    prefix: `${prefix}:nest:queue`,
    defaultJobOptions: BASELINE_OPTIONS,
  })
  return {
    id: 'nest-express',
    environment: { EMAIL_CONCURRENCY: String(CONCURRENCY) },
    handIn: async (jobs) => {
      const users = await sql<{ id: string }[]>`select id from users where role = 'user' limit ${jobs}`
      for (let from = 0; from < users.length; from += BULK) {
        const some = users.slice(from, from + BULK)
        await queue.addBulk(
          some.map(({ id }) => ({
            name: 'send-welcome',
            data: { userId: id },
            opts: { jobId: `send-welcome-${crypto.randomUUID()}` },
          })),
        )
      }
    },
    isDone: async () => {
      const { failed = 0, delayed = 0, waiting, active } = await queue.getJobCounts()
      if (failed + delayed > 0) throw new Error(`${failed + delayed} jobs of the baseline failed`)
      return waiting === 0 && active === 0
    },
    close: () => queue.close(),
  }
}

const untilDone = async ({ isDone }: Contestant): Promise<void> => {
  const limit = Date.now() + LIMIT_MS
  while (!(await isDone())) {
    if (Date.now() > limit) throw new Error('the jobs were not done in time')
    await wait(LOOK_EVERY_MS)
  }
}

/**
 * From a full queue to an empty one. The worker stands still while the jobs are handed in: else those of the slower way in
 * would be waited for, and it begins with all of them before it, warm as it is.
 */
const runRound = async (contestant: Contestant, { pid, child }: Pinned, jobs: number) => {
  child.kill('SIGSTOP')
  await contestant.handIn(jobs).finally(() => child.kill('SIGCONT'))
  const [begun, cpu] = [performance.now(), cpuOf(pid)]
  await untilDone(contestant)
  return {
    jobsPerSecond: (jobs * 1_000) / (performance.now() - begun),
    cpuMicroseconds: (cpuOf(pid) - cpu) / jobs,
  }
}

/** In a worker of its own each time, after a fifth of the jobs that is not counted: compiled code is what runs in production. */
const runWorker = (stage: Stage, contestant: Contestant, jobs: number) =>
  withClosings(async (closings) => {
    const { id, environment } = contestant
    const env = { ...environmentOf(stage, id), SMTP_URL: 'discard:', ...environment }
    const worker = await startPinned(stage, `${id}-worker`, WORKER_PROGRAMS[id], env)
    closings.push(worker.stop)
    await untilReady(id, worker)
    await runRound(contestant, worker, Math.ceil(jobs / 5))
    return runRound(contestant, worker, jobs)
  })

/** One worker process each, and welcome mails that go nowhere: from the first that it takes to the last that is done. */
export const measureJobs = (stage: Stage, rounds: number, jobs: number): Promise<JobsResult[]> =>
  withClosings(async (closings) => {
    await Promise.all([stage.sql`delete from outbox`, stage.redis.flushall()])
    const contestants = [ours(stage), baseline(stage)]
    closings.push(...contestants.map(({ close }) => close))
    const found = contestants.map((contestant) => ({ contestant, rounds: [] as JobsResult['rounds'] }))
    for (let round = 1; round <= rounds; round += 1) {
      const line: string[] = []
      for (const { contestant, rounds: turns } of found) {
        const turn = await runWorker(stage, contestant, jobs)
        turns.push(turn)
        line.push(
          `${nameOf[contestant.id]} ${Math.round(turn.jobsPerSecond)} jobs/s, ${Math.round(turn.cpuMicroseconds)} us`,
        )
      }
      console.log(`jobs, round ${round} of ${rounds}: ${line.join('; ')}`)
    }
    return found.map(({ contestant: { id }, rounds: turns }) => ({ id, rounds: turns }))
  })
