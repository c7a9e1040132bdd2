import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, createCall, createWorld, startPod, type World } from '../support/app.js'
import { type CommitGate, createCommitGate } from '../support/commit-gate.js'
import { createCrowd, nth } from '../support/crowd.js'
import { unique } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { insist, type KeyedOrder, placeKeyed } from '../support/keyed-orders.js'
import { isProblem } from '../support/problem.js'
import { startServer } from '../support/process.js'
import { startProxy } from '../support/proxy.js'
import { insertProducts } from '../support/stock.js'
import { until } from '../support/until.js'

const CRASHES = scaled(1, 20)
const STOCK = 1_000

interface Scene {
  readonly world: World
  readonly gate: CommitGate
  /** Of the process that lives on. */
  readonly heir: Call
  readonly newOrder: () => KeyedOrder
}

const setScene = async (t: TapTest): Promise<Scene> => {
  const world = await createWorld(t)
  const { sql } = world.database
  const gate = await createCommitGate(sql, 'idempotency_keys')
  const { app, call: heir } = await startPod(t, world)
  const buyer = nth(await createCrowd(world, app, 1), 0)
  const productId = nth(await insertProducts(sql, [STOCK]), 0)
  const newOrder = () => ({ buyer, productId, key: unique('key'), quantity: 1 })
  return { world, gate, heir, newOrder }
}

type Victim = Awaited<ReturnType<typeof startVictim>>

/** A process that has its own way to Postgres, to be killed. */
const startVictim = async (t: TapTest, { env, database }: World) => {
  const url = new URL(database.url)
  const proxy = await startProxy(t, url)
  url.port = String(proxy.port)
  url.hostname = '127.0.0.1'
  const process = await startServer(t, { ...env, DATABASE_URL: url.href })
  const die = async (): Promise<void> => {
    process.kill('SIGKILL')
    await process.exit
  }
  return { call: createCall(process.url), proxy, die }
}

const written = async ({ database: { sql } }: World) => {
  const [row] = await sql`select (select count(*)::int from orders) as orders,
    (select count(*)::int from order_events) as events, (select count(*)::int from outbox) as jobs,
    (select count(*)::int from idempotency_keys) as keys, (select ${STOCK} - stock from products) as sold`
  return { ...row }
}

/** What is written once so many orders of one piece are placed. */
const onceEach = (orders: number) => ({ orders, events: orders, jobs: orders, keys: orders, sold: orders })

/** Undefined when the connection broke before there was an answer. */
const hear = (answer: Promise<Answer>): Promise<Answer | undefined> => answer.catch(() => undefined)

const isReplay = ({ headers }: Answer): boolean => headers.get('idempotency-replayed') === 'true'

/** Sends an order to a process that will die, and holds it at its commit. @returns whether anything is heard of it */
const holdAtCommit = async (
  t: TapTest,
  { world, gate }: Scene,
  order: KeyedOrder,
  meanwhile: (victim: Victim) => Promise<unknown>,
): Promise<{ readonly victim: Victim; readonly heard: Promise<Answer | undefined> }> => {
  const victim = await startVictim(t, world)
  let heard: Promise<Answer | undefined> = Promise.resolve(undefined)
  await gate.whileShut(async () => {
    heard = hear(placeKeyed(victim.call, order))
    await gate.untilMet()
    await meanwhile(victim)
  })
  return { victim, heard }
}

/** The process dies with the commit done and nobody told. @returns what the retry got */
const dieAfterCommit = async (t: TapTest, scene: Scene, round: number): Promise<Answer> => {
  const { world, heir, newOrder } = scene
  const order = newOrder()
  const { victim, heard } = await holdAtCommit(t, scene, order, async ({ proxy }) => {
    t.strictSame(await written(world), onceEach(round - 1), 'nothing is committed yet')
    const meanwhile = await placeKeyed(heir, order)
    isProblem(t, meanwhile, { status: 409, code: 'idempotency_in_flight' })
    t.equal(meanwhile.headers.get('retry-after'), '1')
    proxy.stall()
  })
  await until('the commit', async () => (await written(world))['orders'] === round)
  await victim.die()
  t.equal(await heard, undefined, 'the client has heard nothing')
  const { answer } = await insist(heir, order)
  t.equal(answer.status, 201)
  t.ok(isReplay(answer), 'the retry is told of the order that is there')
  return answer
}

/** The process dies with all written and nothing committed. @returns what the retry got */
const dieBeforeCommit = async (t: TapTest, scene: Scene, round: number): Promise<Answer> => {
  const { world, gate, heir, newOrder } = scene
  const order = newOrder()
  const { heard } = await holdAtCommit(t, scene, order, async ({ proxy, die }) => {
    proxy.stall()
    await die()
    await proxy.cut()
    await gate.untilLeft()
  })
  t.equal(await heard, undefined, 'the client has heard nothing')
  t.strictSame(await written(world), onceEach(round - 1), 'nothing was committed')
  const { answer } = await insist(heir, order)
  t.equal(answer.status, 201)
  t.notOk(isReplay(answer), 'the retry places the order')
  const again = await placeKeyed(heir, order)
  t.ok(isReplay(again), 'once')
  t.equal(again.text, answer.text)
  return answer
}

t.test('a crash on either side of the commit, unanswered, then a retry: one order', async (t) => {
  const scene = await setScene(t)
  const ids: string[] = []
  for (let round = 1; round <= 2 * CRASHES; round += 1) {
    const isAfter = round % 2 === 0
    await t.test(`crash ${round}, ${isAfter ? 'after' : 'before'} the commit`, async (t) => {
      const crash = isAfter ? dieAfterCommit : dieBeforeCommit
      const { body } = await crash(t, scene, round)
      ids.push(body.data.id)
      t.strictSame(await written(scene.world), onceEach(round), 'one order, its stock taken once')
    })
  }
  const stored = await scene.world.database.sql<{ id: string }[]>`select id from orders order by id`
  t.strictSame(
    stored.map(({ id }) => id),
    ids.sort(),
    'each retry was told of its own',
  )
  figure(
    t,
    `row 12: kill -9 between commit and answer x ${CRASHES}, before the commit x ${CRASHES}, ` +
      `each retried on another process: ${ids.length} retries answered, ${stored.length} orders`,
  )
})
