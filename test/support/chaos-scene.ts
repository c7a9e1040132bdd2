import type { Test as TapTest } from 'tap'
import { createCall, createWorld, startPod, type World } from './app.js'
import { createCrowd, type Member } from './crowd.js'
import { type Comparison, compare } from './order-comparison.js'
import { type Clients, startClients } from './order-log.js'
import { type OwnRedis, startOwnRedis } from './own-redis.js'
import { createPost, type Post } from './posts.js'
import { type RunningProcess, startProcess, startServer } from './process.js'
import { type SmtpServer, startSmtp } from './smtp.js'
import { until } from './until.js'

const MEMBERS = 8
/** What the scorecard gives a backlog to be done with. */
const DRAIN_LIMIT_MS = 120_000

/** One API and two workers on a database, a Redis and a mail server of their own, and clients that know where they are. */
export interface ChaosScene {
  readonly world: World
  readonly redis: OwnRedis
  readonly smtp: SmtpServer
  /** Somebody who places no orders. */
  readonly leaver: Member
  readonly api: Post<Awaited<ReturnType<typeof startServer>>>
  readonly workers: readonly Post<RunningProcess>[]
  readonly startClients: (pauseMs: number) => Clients
}

const startWorker = async (t: TapTest, world: World): Promise<RunningProcess> => {
  const worker = await startProcess(t, 'worker.js', world.env)
  await worker.untilLogged('worker ready')
  return worker
}

export const setChaosScene = async (t: TapTest): Promise<ChaosScene> => {
  const [smtp, redis] = await Promise.all([startSmtp(t), startOwnRedis(t)])
  const world = await createWorld(t, { SMTP_URL: smtp.url, REDIS_URL: redis.url })
  // It signs the members' tokens and does nothing else.
  const { app } = await startPod(t, world)
  const [leaver, ...members] = await createCrowd(world, app, MEMBERS + 1)
  if (!leaver) throw new Error('nobody is there')
  const manWorker = () => createPost(() => startWorker(t, world))
  const [api, ...workers] = await Promise.all([
    createPost(() => startServer(t, { ...world.env })),
    manWorker(),
    manWorker(),
  ])
  const url = () => api.current().url
  const start = (pauseMs: number) => startClients(world, { members, url, pauseMs })
  return { world, redis, smtp, leaver, api, workers, startClients: start }
}

/** A call to the API of this moment. */
export const callApi = ({ api }: ChaosScene): ReturnType<typeof createCall> => createCall(api.current().url)

/** Lets the mail server answer at intervals only, so that mails are in hand all the time. @returns what ends that */
export const slowDown = ({ smtp }: ChaosScene, everyMs: number): (() => void) => {
  smtp.setMode('stall')
  const timer = setInterval(smtp.release, everyMs)
  return () => {
    clearInterval(timer)
    smtp.setMode('accept')
    smtp.release()
  }
}

/** A moment by the database's clock. */
export const databaseNow = async ({ world }: ChaosScene): Promise<string> => {
  const [row] = await world.database.sql<{ now: string }[]>`select clock_timestamp()::text as now`
  return row?.now ?? ''
}

interface OutboxSums {
  readonly open: number
  readonly failed: number
  readonly retried: number
  readonly handed_over_again: number
  readonly most_starts: number
}

/** What became of the jobs written since then, but for the sweep, which a worker's own schedule adds. */
export const sumOutbox = async ({ world }: ChaosScene, since: string): Promise<OutboxSums> => {
  const [sums] = await world.database.sql<OutboxSums[]>`
    select count(*) filter (where closed_at is null)::int as open,
      count(*) filter (where failure is not null)::int as failed,
      count(*) filter (where attempts > 0)::int as retried,
      count(*) filter (where handovers > 1)::int as handed_over_again,
      coalesce(max(starts), 0) as most_starts
    from outbox where name <> 'sweep-stored-files' and created_at >= ${since}::timestamptz`
  if (!sums) throw new Error('the outbox cannot be summed up')
  return sums
}

/** Waits until no job is open. @returns how many seconds that took, and the sums since then */
export const drain = async (scene: ChaosScene, since: string) => {
  const started = performance.now()
  const sums = await until(
    'no open job',
    async () => {
      const sums = await sumOutbox(scene, since)
      return sums.open === 0 && sums
    },
    DRAIN_LIMIT_MS,
  )
  return { ...sums, seconds: Math.round((performance.now() - started) / 100) / 10 }
}

/** Which of these orders' confirmations nobody began twice: they may not come twice either. */
export const mailedAgainWithoutDeath = async (
  { world }: ChaosScene,
  { mailedAgain }: Comparison,
): Promise<string[]> => {
  const keys = mailedAgain.map((id) => `send-order-confirmation-${id}`)
  const rows = await world.database.sql<{ key: string }[]>`
    select key from outbox where key = any(${keys}::text[]) and starts < 2`
  return rows.map(({ key }) => key)
}

export const compareWith = ({ world, smtp }: ChaosScene, { log }: Clients): Promise<Comparison> =>
  compare(world, log, smtp.mails)
