import { setTimeout as wait } from 'node:timers/promises'
import type { World } from './app.js'
import type { Test } from './environment.js'
import { type RunningProcess, startProcess } from './process.js'
import { makeDue, type RunRecord, runsOf, untilRun } from './runs.js'
import { until } from './until.js'

/** A worker that was frozen may leave the job alone for 5 s afterwards, and the others may be doing so. */
const TAKE_OVER_LIMIT_MS = 30_000
/** About as long as a batch takes, and as long as a step of one. */
const BATCH_MS = 40
const STEP_MS = 4

/** Workers of production's kind, and the scheduled job that they take turns at. */
export interface Crew {
  readonly world: World
  readonly job: string
  readonly workers: readonly RunningProcess[]
}

/**
 * The driver sends a statement with parameters in two messages, and what it binds to them only in the second: between
 * them Postgres takes the statement for active, and the transaction not for idle.
 */
export type Place = 'between transactions' | 'inside a transaction' | 'inside a statement'

/** A holder that stands still in the middle of its run. */
export interface FrozenHolder {
  readonly worker: RunningProcess
  readonly run: RunRecord
  readonly since: number
  readonly place: Place
}

/** How another worker went on in its place, and what it found when it woke. */
export interface TakeOver {
  readonly successor: RunRecord
  readonly afterMs: number
  /** What the frozen one had done when its successor was through, and after it woke. */
  readonly rowsBefore: number
  readonly rowsAfter: number
}

/** Starts so many workers and waits until the job has run for the first time. */
export const startCrew = async (t: Test, world: World, job: string, size: number): Promise<Crew> => {
  const starting = Array.from({ length: size }, () => startProcess(t, 'worker.js', world.env))
  const workers = await Promise.all(starting)
  await Promise.all(workers.map((worker) => worker.untilLogged('worker ready')))
  const crew = { world, job, workers }
  await untilRun(world.database, job)
  return crew
}

const newestRun = async ({ world, job }: Crew): Promise<RunRecord | undefined> => {
  const [newest] = await runsOf(world.database, job)
  return newest
}

const workerOf = ({ workers }: Crew, { holder }: RunRecord): RunningProcess => {
  const worker = workers.find(({ pid }) => holder.endsWith(`:${pid}`))
  if (!worker) throw new Error(`nobody is ${holder}`)
  return worker
}

/** Where a frozen client is, once Postgres waits for it. Whoever writes under a token holds its fence. */
const placeOf = ({ world }: Crew): Promise<Place> =>
  until('the statement in hand to end', async () => {
    const sessions = await world.database.sql<{ state: string; wait_event: string | null }[]>`
      select state, wait_event from pg_stat_activity where datname = current_database() and pid in
        (select pid from pg_locks where relation = 'fences'::regclass and mode = 'RowShareLock')`
    if (sessions.some(({ wait_event }) => wait_event !== 'ClientRead')) return undefined
    if (sessions.length === 0) return 'between transactions'
    return sessions.some(({ state }) => state === 'active') ? 'inside a statement' : 'inside a transaction'
  })

/** Stops the holder at one moment of its run after the other until it stands where it is wanted. */
const freezeAt = async (crew: Crew, run: RunRecord, wanted?: Place): Promise<FrozenHolder | undefined> => {
  const worker = workerOf(crew, run)
  for (;;) {
    // A moment drawn by lot, since there is no condition to wait for: the freeze must find the batch at every step of it.
    await wait(Math.random() * (wanted ? STEP_MS : BATCH_MS))
    worker.kill('SIGSTOP')
    const since = performance.now()
    const place = await placeOf(crew)
    const now = await newestRun(crew)
    const isOver = now?.token !== run.token || now.finished_at !== null
    if (!isOver && place === (wanted ?? place)) return { worker, run, since, place }
    worker.kill('SIGCONT')
    if (isOver) return undefined
  }
}

/**
 * Makes the job due and freezes whoever runs it, some moment after it has done so many rows.
 * @returns undefined when the run was over before
 */
export const freezeHolder = async (
  crew: Crew,
  rows: number,
  wanted?: Place,
): Promise<FrozenHolder | undefined> => {
  const last = (await newestRun(crew))?.token ?? 0
  await makeDue(crew.world.database, crew.job)
  const run = await until('a run', async () => {
    const newest = await newestRun(crew)
    const isFar = newest && (newest.rows >= rows || newest.finished_at !== null)
    return newest && newest.token > last && isFar && newest
  })
  return freezeAt(crew, run, wanted)
}

/** What has ended a worker, or might have. */
export const accidentsOf = ({ workers }: Crew): readonly Record<string, unknown>[] =>
  workers.flatMap(({ log }) => log.filter(({ level }) => Number(level) >= 50))

const rowsOf = async ({ world, job }: Crew, { token }: RunRecord): Promise<number> => {
  const runs = await runsOf(world.database, job)
  return runs.find((run) => run.token === token)?.rows ?? Number.NaN
}

/** Whether a worker says that a run of the job was not its own to finish. */
const hasGivenUp = (lines: readonly Record<string, unknown>[], job: string): boolean =>
  lines.some((line) => line['job'] === job && /failed|left to others|taken over/.test(String(line['msg'])))

/** Waits until another worker has taken over and finished, then wakes the frozen one and waits until it knows. */
export const awaitTakeOver = async (crew: Crew, frozen: FrozenHolder): Promise<TakeOver> => {
  const { worker, run, since } = frozen
  const hasTakenOver = async () => {
    const newest = await newestRun(crew)
    return newest && newest.token > run.token && newest
  }
  await until('a successor', hasTakenOver, TAKE_OVER_LIMIT_MS)
  const afterMs = performance.now() - since
  const successor = await untilRun(crew.world.database, crew.job, run.token)
  const rowsBefore = await rowsOf(crew, run)
  const known = worker.log.length
  worker.kill('SIGCONT')
  await until('the holder to notice', () => hasGivenUp(worker.log.slice(known), crew.job))
  return { successor, afterMs, rowsBefore, rowsAfter: await rowsOf(crew, run) }
}
