import { build } from '../build.js'
import { migrate } from '../launch/programs.js'
import { recreateDatabase } from '../stack/databases.js'
import { readEntries } from '../stack/ledger-files.js'
import { inTestArea, startTestServices, type TestArea } from '../testing/services.js'
import { type CpuTimes, type Pids, withCpuTimes } from './queue/cpu.js'
import { runOutbox, startScene } from './queue/outbox.js'
import { runPlain } from './queue/plain.js'

/**
 * What the outbox costs beside a bare queue: `npm run bench:queue`. Rounds of plain BullMQ (add and process jobs that do
 * nothing) and of ours (from the outbox to the closed row, mails that go nowhere, one worker process) take turns.
 */

const JOBS = Number(process.env['BENCH_JOBS'] || 10_000)
const ROUNDS = Number(process.env['BENCH_ROUNDS'] || 5)

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

interface Round {
  readonly jobsPerSecond: number
  readonly cpu: CpuTimes
}

const describe = (name: string, rounds: readonly Round[]): void => {
  const speeds = rounds.map(({ jobsPerSecond }) => jobsPerSecond)
  const [low, middle, high] = [Math.min(...speeds), median(speeds), Math.max(...speeds)].map(Math.round)
  const processes = Object.keys(rounds[0]?.cpu ?? {})
  const costs = processes.map((process) =>
    Math.round(median(rounds.map(({ cpu }) => cpu[process] ?? 0)) / JOBS),
  )
  const listed = processes.map((process, index) => `${process} ${costs[index]}`).join(', ')
  const total = costs.reduce((sum, cost) => sum + cost, 0)
  console.log(
    `${name.padEnd(32)} ${middle} jobs/s (${low} to ${high}); CPU µs a job: ${listed}, in all ${total}`,
  )
}

const describeRatio = (name: string, ours: readonly Round[], plain: readonly Round[]): void => {
  const ratios = ours.map(({ jobsPerSecond }, index) => jobsPerSecond / (plain[index]?.jobsPerSecond ?? 0))
  const [low, middle, high] = [Math.min(...ratios), median(ratios), Math.max(...ratios)]
  console.log(`${name.padEnd(32)} ${middle.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`)
}

const measure = async (area: TestArea): Promise<void> => {
  const [services] = await Promise.all([startTestServices(area), build()])
  const databaseUrl = await recreateDatabase(services.databaseUrl, 'bench')
  await migrate({ ...process.env, DATABASE_URL: databaseUrl }, area.ledger)
  const scene = await startScene({ ...services, databaseUrl }, area)
  const pidOf = (wanted: string) => readEntries(area.ledger).find(({ name }) => name === wanted)?.pid
  const servers = { Postgres: pidOf('Postgres'), Redis: pidOf('Redis') }
  const ours: Round[] = []
  const plain: Round[] = []
  const bulk: Round[] = []
  const runRound = async (pids: Pids, run: () => Promise<number>): Promise<Round> => {
    const { result, cpu } = await withCpuTimes(pids, run)
    return { jobsPerSecond: result, cpu }
  }
  const bench = { 'adds and worker': process.pid, Redis: servers.Redis }
  try {
    // Not counted: whoever runs for the first time runs slower.
    await runOutbox(scene, JOBS / 10)
    for (let round = 1; round <= ROUNDS; round += 1) {
      plain.push(await runRound(bench, () => runPlain(services.redisUrl, JOBS, 'one by one')))
      ours.push(await runRound({ worker: scene.workerPid, ...servers }, () => runOutbox(scene, JOBS)))
      bulk.push(await runRound(bench, () => runPlain(services.redisUrl, JOBS, 'in bulk')))
      const speeds = [ours, plain].map((rounds) => Math.round(rounds.at(-1)?.jobsPerSecond ?? 0))
      console.log(`round ${round} of ${ROUNDS}: ${speeds[0]} of ours, ${speeds[1]} plain`)
    }
  } finally {
    await scene.stop()
  }
  describe('outbox to closed row', ours)
  describe('plain BullMQ, added one by one', plain)
  describe('plain BullMQ, added in bulk', bulk)
  describeRatio('ratio to plain, one by one', ours, plain)
  describeRatio('ratio to plain, in bulk', ours, bulk)
}

await inTestArea(measure)
