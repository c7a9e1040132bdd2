import t from 'tap'
import { connectDatabase } from '../../src/shared/database/client.js'
import { takeToken, withFence } from '../../src/shared/database/fence.js'
import { recordBatch, recordStart } from '../../src/shared/database/job-runs.js'
import { createWorld } from '../support/app.js'
import { figure, percentile, scaled } from '../support/figures.js'
import {
  accidentsOf,
  awaitTakeOver,
  type Crew,
  freezeHolder,
  type Place,
  startCrew,
} from '../support/frozen.js'
import { insertUser } from '../support/outbox.js'
import { countExpiries, countPieces, insertOrders, PLENTY } from '../support/overdue.js'
import { countWrites, runsOf, watchRuns } from '../support/runs.js'
import { insertProducts } from '../support/stock.js'
import { until } from '../support/until.js'

const JOB = 'orders.expire'
const ROUNDS = scaled(2, 100)
/** A worker that was frozen may leave the job alone for 5 s afterwards: there is always another one, and one to take over. */
const WORKERS = scaled(3, 6)
const BATCH_ROWS = 100
const ORDERS = 6 * BATCH_ROWS
/** Batches that may be done before the freeze; later, the run might be over too soon. */
const MOST_BATCHES = 4
const ENV = {
  // A holder that gives up before it has done anything, or while something else has failed, says so there only.
  LOG_LEVEL: 'debug',
  LOCK_TTL_MS: '1000',
  ORDER_TTL_MINUTES: '1',
  WORKER_QUEUES: 'mail',
  // The worst case: others in the pod wait for the connection that Postgres takes away from the frozen transaction.
  DATABASE_POOL_MAX: '1',
}

t.test('a holder that is frozen past its time writes nothing, and another one does its work', async (t) => {
  const world = await createWorld(t, ENV)
  const { sql } = world.database
  // What an expiry queues stays in the outbox: whether it is delivered is not the question here.
  await sql`alter table outbox alter column due_at set default 'infinity'`
  await insertProducts(sql, PLENTY)
  await watchRuns(world.database)
  const crew = await startCrew(t, world, JOB, WORKERS)
  const pieces = await countPieces(sql)

  const playRound = async (round: number) => {
    const { userId, frozen } = await freezeSomebody(crew, round % 2 === 0)
    const takeOver = await awaitTakeOver(crew, frozen)
    const { successor, rowsBefore, rowsAfter } = takeOver
    t.equal(rowsAfter, rowsBefore, `round ${round}: the one that woke does nothing more`)
    t.equal(successor.failure, null, `round ${round}: another one came to the end`)
    t.strictSame(
      await countExpiries(sql, userId),
      { orders: ORDERS, expired: ORDERS, events: ORDERS, expiries: ORDERS, jobs: ORDERS },
      `round ${round}: each order expired once`,
    )
    t.strictSame(await countPieces(sql), pieces, `round ${round}: its stock came back once`)
    t.strictSame(accidentsOf(crew), [], `round ${round}: and all workers live on`)
    return { place: frozen.place, ...takeOver }
  }

  const begun = performance.now()
  const rounds: Awaited<ReturnType<typeof playRound>>[] = []
  while (rounds.length < ROUNDS) rounds.push(await playRound(rounds.length + 1))

  const missed = rounds.filter(({ successor }) => successor.finished_at === null || successor.failure).length
  const { writes, stale, unaccounted } = await countWrites(sql)
  t.equal(missed, 0, 'no run is missed')
  t.equal(stale, 0, 'no write is stale')
  t.equal(unaccounted, 0, 'and none went past the check')
  const after = rounds.map(({ afterMs }) => afterMs)
  const seconds = [0, 50, 100].map((p) => (percentile(after, p) / 1_000).toFixed(1)).join(' / ')
  const at = (wanted: Place) => `${rounds.filter(({ place }) => place === wanted).length} ${wanted}`
  const places = `${at('between transactions')}, ${at('inside a transaction')}, ${at('inside a statement')}`
  const took = `${Math.round((performance.now() - begun) / 1_000)} s`
  figure(t, `row 11: ${ROUNDS} holders of ${WORKERS} workers frozen past their TTL (${places}) in ${took}`)
  figure(t, `row 11: ${stale} stale writes of ${writes}, ${missed} missed runs`)
  figure(t, `row 11: taken over after ${seconds} s (min / median / max)`)
})

/**
 * Freezes a holder in the middle of somebody's overdue orders: wherever it happens to be, which is nearly always inside
 * a transaction, or just between two of them, where nothing but the fence stops it. A run that ends first does not count.
 */
const freezeSomebody = async (crew: Crew, between: boolean) =>
  until('a holder to be frozen in its run', async () => {
    const { id: userId } = await insertUser(crew.world)
    await insertOrders(crew.world.database.sql, { userId, count: ORDERS, minutesAgo: 2 })
    const rows = between ? 0 : BATCH_ROWS * Math.floor(Math.random() * (MOST_BATCHES + 1))
    const frozen = await freezeHolder(crew, rows, between ? 'between transactions' : undefined)
    return frozen && { userId, frozen }
  })

t.test('the check sees a holder that writes without the fence', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  await watchRuns(world.database)
  const { database, close } = connectDatabase({
    url: world.database.url,
    poolMax: 2,
    applicationName: 'test',
  })
  t.teardown(close)
  const token = await takeToken(database, JOB)
  const key = { name: JOB, token }
  await withFence(database, JOB, token, (transaction) => recordStart(transaction, key, 'frozen:1', 60))
  t.match(await countWrites(sql), { writes: 1, stale: 0 }, 'it holds')

  await database.transaction(async (transaction) => {
    await recordBatch(transaction, key, 100)
    await takeToken(database, JOB)
  })
  t.match(await countWrites(sql), { writes: 2, stale: 1 }, 'begun in time and committed too late')
  await database.transaction((transaction) => recordBatch(transaction, key, 100))
  t.match(await countWrites(sql), { writes: 3, stale: 2 }, 'begun too late')
  const late = withFence(database, JOB, token, (transaction) => recordBatch(transaction, key, 100))
  await t.rejects(late, { name: 'StaleHolderError' })
  t.match(await countWrites(sql), { writes: 3, stale: 2 }, 'with the fence it writes nothing')

  await insertProducts(sql, PLENTY)
  const { id: userId } = await insertUser(world)
  await insertOrders(sql, { userId, count: 3, minutesAgo: 60 })
  await sql`insert into order_events (order_id, version, to_status) select id, 2, 'expired' from orders`
  t.match(await countWrites(sql), { unaccounted: 3 }, 'expiries that belong to no run are seen as well')
  t.match(await runsOf(world.database, JOB), [{ rows: 200 }])
})
