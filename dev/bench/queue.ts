import { build } from '../build.js'
import { migrate } from '../launch/programs.js'
import { recreateDatabase } from '../stack/databases.js'
import { endRecorded } from '../stack/ledger.js'
import { startGuard } from '../stack/watch.js'
import { createTestArea, startTestServices } from '../testing/services.js'
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

const describe = (name: string, values: readonly number[]): void => {
  const [low, middle, high] = [Math.min(...values), median(values), Math.max(...values)].map(Math.round)
  console.log(`${name.padEnd(32)} ${middle} jobs/s (${low} to ${high})`)
}

const measure = async (area: ReturnType<typeof createTestArea>): Promise<void> => {
  const [services] = await Promise.all([startTestServices(area), build()])
  const databaseUrl = await recreateDatabase(services.databaseUrl, 'bench')
  await migrate({ ...process.env, DATABASE_URL: databaseUrl }, area.ledger)
  const scene = await startScene({ ...services, databaseUrl }, area)
  const rounds: { readonly ours: number; readonly plain: number; readonly bulk: number }[] = []
  try {
    // Not counted: whoever runs for the first time runs slower.
    await runOutbox(scene, JOBS / 10)
    for (let round = 1; round <= ROUNDS; round += 1) {
      const plain = await runPlain(services.redisUrl, JOBS, 'one by one')
      const ours = await runOutbox(scene, JOBS)
      const bulk = await runPlain(services.redisUrl, JOBS, 'in bulk')
      rounds.push({ ours, plain, bulk })
      console.log(
        `round ${round} of ${ROUNDS}: ${Math.round(ours)} of ours, ${Math.round(plain)} plain, ratio ${(ours / plain).toFixed(2)}`,
      )
    }
  } finally {
    await scene.stop()
  }
  describe(
    'outbox to closed row',
    rounds.map(({ ours }) => ours),
  )
  describe(
    'plain BullMQ, added one by one',
    rounds.map(({ plain }) => plain),
  )
  describe(
    'plain BullMQ, added in bulk',
    rounds.map(({ bulk }) => bulk),
  )
  const ratios = rounds.map(({ ours, plain }) => ours / plain).sort((a, b) => a - b)
  console.log(
    `ratio to plain, one by one: ${median(ratios).toFixed(2)} (${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)})`,
  )
  console.log(`ratio to plain, in bulk: ${median(rounds.map(({ ours, bulk }) => ours / bulk)).toFixed(2)}`)
}

const area = createTestArea()
startGuard(area.ledger, area.dir)
try {
  await measure(area)
} finally {
  await endRecorded(area.ledger)
  area.discard()
}
