import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, createWorld } from '../support/app.js'
import { createCrowd, nth } from '../support/crowd.js'
import { unique } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { insist, type KeyedOrder, placeKeyed } from '../support/keyed-orders.js'
import { startPods } from '../support/pods.js'
import { isProblem } from '../support/problem.js'
import { changedTables, takeSnapshot } from '../support/snapshot.js'
import { insertProducts } from '../support/stock.js'

/** The least has each quantity twice. */
const KEYS = scaled(6, 100)
const PARALLEL = scaled(8, 50)
const STOCK = 10_000

/** All that a client could tell two answers apart by, but for what says that it is a replay. */
const saidBy = ({ status, headers, text }: Answer): string =>
  JSON.stringify([status, headers.get('location'), headers.get('etag'), text])

const isReplay = ({ headers }: Answer): boolean => headers.get('idempotency-replayed') === 'true'

/** What all of them get for one key, after as many refusals as it takes. */
const sendAtOnce = async (calls: readonly Call[], order: KeyedOrder) => {
  const outcomes = await Promise.all(
    Array.from({ length: PARALLEL }, (_, i) => insist(nth(calls, i % calls.length), order)),
  )
  return {
    order,
    answers: outcomes.map(({ answer }) => answer),
    refusals: outcomes.flatMap(({ refusals }) => refusals),
  }
}

const checkAnswers = (t: TapTest, { key, quantity }: KeyedOrder, answers: readonly Answer[]): void => {
  const [first] = answers
  t.equal(new Set(answers.map(saidBy)).size, 1, `${key}: all are told the same`)
  t.equal(first?.status, 201, `${key}: that it is placed`)
  t.equal(first?.headers.get('location'), `/v1/orders/${first?.body.data.id}`, `${key}: where`)
  t.equal(first?.headers.get('etag'), '"1"', `${key}: in which version`)
  t.equal(first?.body.data.items[0].quantity, quantity, `${key}: and what`)
  t.equal(answers.filter((answer) => !isReplay(answer)).length, 1, `${key}: one of them placed it`)
}

t.test('however many send the same key at once, on whichever pod, there is one order', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { calls, kind, app } = await startPods(t, world, 2)
  const buyer = nth(await createCrowd(world, app, 1), 0)
  const productId = nth(await insertProducts(sql, [STOCK]), 0)
  const keyed = Array.from({ length: KEYS }, (_, i) => ({
    buyer,
    productId,
    key: unique('key'),
    quantity: 1 + (i % 3),
  }))

  const begun = performance.now()
  const sent = []
  for (const order of keyed) sent.push(await sendAtOnce(calls, order))
  const ms = Math.round(performance.now() - begun)
  for (const { order, answers } of sent) checkAnswers(t, order, answers)
  const refusals = sent.flatMap(({ refusals }) => refusals)
  const spoken = refusals.map(({ status, headers, body }) => [status, headers.get('retry-after'), body.code])
  const inFlight = JSON.stringify([409, '1', 'idempotency_in_flight'])
  t.strictSame([...new Set(spoken.map((words) => JSON.stringify(words))).add(inFlight)], [inFlight])

  const written = async () => {
    const [row] = await sql`select (select count(*)::int from orders) as orders,
      (select count(*)::int from order_events) as events, (select count(*)::int from outbox) as jobs,
      (select count(*)::int from idempotency_keys) as keys, (select stock from products) as stock`
    return { ...row }
  }
  const pieces = keyed.reduce((sum, { quantity }) => sum + quantity, 0)
  const once = { orders: KEYS, events: KEYS, jobs: KEYS, keys: KEYS, stock: STOCK - pieces }
  const stored = await written()
  t.strictSame(stored, once, 'an order for each key')
  const told = sent.map(({ answers }) => String(answers[0]?.body.data.id))
  const rows = await sql<{ id: string }[]>`select id from orders order by id`
  t.strictSame(
    rows.map(({ id }) => id),
    told.sort(),
    'and it is the one that the clients know',
  )

  const before = await takeSnapshot(sql)
  const others = await Promise.all(
    keyed.map((order, i) => placeKeyed(nth(calls, i % calls.length), { ...order, quantity: 4 })),
  )
  for (const answer of others) isProblem(t, answer, { status: 422, code: 'idempotency_key_reused' })
  t.strictSame(changedTables(before, await takeSnapshot(sql)), [], 'another body writes nothing')

  const answers = sent.flatMap(({ answers }) => answers)
  const countOf = (list: readonly Answer[], status: number) =>
    list.filter((answer) => answer.status === status).length
  figure(
    t,
    `row 12: ${PARALLEL} parallel x ${KEYS} keys on 2 ${kind}: ${stored['orders']} orders, ` +
      `${countOf(answers, 201)} times 201 in ${new Set(answers.map(saidBy)).size} texts, ` +
      `${answers.filter(isReplay).length} of them replayed, ${refusals.length} times in flight before (${ms} ms); ` +
      `another body: ${countOf(others, 422)} times 422`,
  )
})
