import type { Sql } from 'postgres'

import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, createWorld } from '../support/app.js'
import { createCrowd, type Member, nth } from '../support/crowd.js'
import { unique } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { countMoves } from '../support/order-histories.js'
import { type Pods, startPods } from '../support/pods.js'
import { insertProducts, stockLevels, watchStock } from '../support/stock.js'
import { until } from '../support/until.js'

const ROUNDS = scaled(1, 10)
/** The least is four times as many on each pod as it has connections. */
const BUYERS = scaled(40, 200)
const LAST = BUYERS / 4
const PATIENCE_MS = 60_000
const PLENTY = 1_000
/** One buyer in so many is joined by somebody who cancels. */
const BUYERS_PER_CANCELLATION = BUYERS / LAST

interface Shop {
  readonly calls: readonly Call[]
  readonly kind: Pods['kind']
  readonly sql: Sql
  readonly buyers: readonly Member[]
}

/** One that is about to be sold out, and one of which there is enough. */
type Products = readonly [last: string, other: string]

interface Sale {
  readonly buyer: Member
  readonly orderId: string
}

/** What came of one of the two rushes of a round. */
interface Rush {
  readonly sales: readonly Sale[]
  /** Of buyers and cancellers alike. */
  readonly answers: readonly Patient[]
}

const openShop = async (t: TapTest): Promise<Shop> => {
  const world = await createWorld(t)
  const { sql } = world.database
  // The last line of defence would hide that the service's own is broken.
  await sql`alter table products drop constraint products_stock_check`
  const { calls, kind, app } = await startPods(t, world, 2)
  return { calls, kind, sql, buyers: await createCrowd(world, app, BUYERS) }
}

const stock = async (sql: Sql): Promise<Products> => {
  const ids = await insertProducts(sql, [LAST, PLENTY])
  return [nth(ids, 0), nth(ids, 1)]
}

/** An answer, and how often it was "no capacity" before. */
type Patient = Answer & { readonly refusals: number }

/** Tries again for as long as there is no capacity, as clients are told to; the key keeps two tries one order. */
const patiently = async (send: () => Promise<Answer>): Promise<Patient> => {
  let refusals = 0
  return until(
    'an answer',
    async () => {
      const answer = await send()
      if (answer.status !== 503 && answer.body?.code !== 'idempotency_in_flight')
        return { ...answer, refusals }
      refusals += answer.status === 503 ? 1 : 0
      return undefined
    },
    PATIENCE_MS,
  )
}

/** One piece of each, named in any order: without an order of the locks, two such orders would deadlock. */
const buy = (call: Call, { token }: Member, [last, other]: Products, hasKey: boolean): Promise<Patient> => {
  const ids = Math.random() < 0.5 ? [last, other] : [other, last]
  // Without one the order is a statement by itself, and no transaction is around it.
  const headers = hasKey ? { 'idempotency-key': unique('key') } : {}
  const body = { items: ids.map((productId) => ({ productId, quantity: 1 })) }
  return patiently(() => call('POST', '/v1/orders', { token, body, headers }))
}

const salesOf = (answers: readonly Answer[], buyers: readonly Member[]): Sale[] =>
  answers.flatMap(({ status, body }, i) =>
    status === 201 ? [{ buyer: nth(buyers, i), orderId: String(body.data.id) }] : [],
  )

/** Whoever got none was told so, and nothing else. */
const checkRefusals = (t: TapTest, answers: readonly Answer[], productId: string): void => {
  const refusals = answers.filter(({ status }) => status !== 201)
  const told = refusals.map(({ status, body }) => JSON.stringify([status, body.code, body.items]))
  const items = [{ productId, requested: 1, available: 0 }]
  t.ok(told.length > 0)
  t.equal(new Set(told).size, 1, 'all others hear the same')
  t.match(refusals[0], { status: 409, body: { code: 'insufficient_stock', items } })
  t.equal(refusals[0]?.body.items?.length, 1, 'of what is sold out alone')
}

/** All of them at once. */
const sellOut = async (t: TapTest, { calls, sql, buyers }: Shop, products: Products): Promise<Rush> => {
  const answers = await Promise.all(
    buyers.map((buyer, i) => buy(nth(calls, i % 2), buyer, products, i % 4 < 2)),
  )
  const sales = salesOf(answers, buyers)
  t.equal(sales.length, LAST, 'as many as there are get one')
  checkRefusals(t, answers, products[0])
  const levels = await stockLevels(sql, products)
  t.strictSame(
    products.map((product) => levels.find(({ id }) => id === product)),
    [
      { id: products[0], stock: 0, ordered: LAST },
      { id: products[1], stock: PLENTY - LAST, ordered: LAST },
    ],
  )
  t.strictSame(await countMoves(sql, products[0]), { placed: LAST, cancelled: 0, jobs: LAST })
  return { sales, answers }
}

/** Each order is cancelled twice at once, while everybody wants to buy again. */
const resell = async (t: TapTest, shop: Shop, products: Products, sales: readonly Sale[]): Promise<Rush> => {
  const { calls, sql, buyers } = shop
  const cancel = ({ buyer: { token }, orderId }: Sale) =>
    Promise.all(calls.map((call) => patiently(() => call('POST', `/v1/orders/${orderId}/cancel`, { token }))))
  const cancelling: ReturnType<typeof cancel>[] = []
  const buying = buyers.map((buyer, i) => {
    if (i % BUYERS_PER_CANCELLATION === 0) cancelling.push(cancel(nth(sales, i / BUYERS_PER_CANCELLATION)))
    return buy(nth(calls, i % 2), buyer, products, i % 4 < 2)
  })
  const answers = await Promise.all(buying)
  const pairs = await Promise.all(cancelling)
  for (const pair of pairs) {
    const [done, refused] = [...pair].sort((a, b) => a.status - b.status)
    // Of one that was told "no capacity" nobody knows whether it was done by then: the second try is refused.
    if (pair.every(({ refusals }) => refusals === 0))
      t.match(done, { status: 200, body: { data: { status: 'cancelled' } } })
    t.match(refused, { status: 409, body: { code: 'invalid_transition', from: 'cancelled' } })
  }
  const again = salesOf(answers, buyers)
  const resold = again.length
  t.ok(resold > 0 && resold <= LAST, 'what came back was sold again')
  checkRefusals(t, answers, products[0])
  const levels = await stockLevels(sql, products)
  t.match(
    levels.find(({ id }) => id === products[0]),
    { stock: LAST - resold, ordered: resold },
  )
  const placed = LAST + resold
  t.strictSame(await countMoves(sql, products[0]), { placed, cancelled: LAST, jobs: placed + LAST })
  return { sales: again, answers: [...answers, ...pairs.flat()] }
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

t.test('the last pieces are sold once each, whoever wants them and whoever gives them back', async (t) => {
  const shop = await openShop(t)
  const [sold, resold, looks]: [number[], number[], number[]] = [[], [], []]
  const [answers, faults]: [Patient[], string[]] = [[], []]
  for (let round = 1; round <= ROUNDS; round += 1) {
    await t.test(`round ${round}`, async (t) => {
      const products = await stock(shop.sql)
      const watch = watchStock(shop.sql, new Map(products.map((id, i) => [id, i === 0 ? LAST : PLENTY])))
      t.teardown(watch.stop)
      const first = await sellOut(t, shop, products)
      const second = await resell(t, shop, products, first.sales)
      const seen = await watch.stop()
      t.strictSame(seen.faults, [], 'at each moment the sums agreed')
      sold.push(first.sales.length)
      resold.push(second.sales.length)
      looks.push(seen.looks)
      answers.push(...first.answers, ...second.answers)
      faults.push(...seen.faults)
    })
  }
  const failures = answers.filter(({ status }) => status >= 500).length
  t.equal(failures, 0)
  figure(
    t,
    `row 13: ${BUYERS} parallel buyers of the last ${LAST} on 2 ${shop.kind}, x ${ROUNDS}: sold ${sold.join(', ')}; ` +
      `again with ${LAST} cancellations at once, each sent twice: sold ${resold.join(', ')}; ` +
      `stock below zero or a wrong sum: ${faults.length} times in ${sum(looks)} looks; ` +
      `5xx: ${failures} of ${answers.length} answers, and 503 before ${sum(answers.map(({ refusals }) => refusals))} times`,
  )
})
