import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import {
  baskets,
  expectedOf,
  givenIn,
  itemsOf,
  merge,
  type Pieces,
  reduce,
  shelves,
  WITHDRAWN,
} from '../support/baskets.js'
import { createCrowd, nth } from '../support/crowd.js'
import { createExpiry } from '../support/expiry.js'
import { figure, scaled } from '../support/figures.js'
import { answerFaults } from '../support/order-answers.js'
import { createClerk, type Outcome } from '../support/order-clerk.js'
import { BUYERS, type Command, clients, PRODUCTS } from '../support/order-commands.js'
import { historyFaults, readOrders } from '../support/order-histories.js'
import { changedTables, takeSnapshot } from '../support/snapshot.js'
import { insertProducts, watchStock } from '../support/stock.js'

/** A failure is then made smaller for no longer than this, and told: tap would end the test without a word. */
const PARAMETERS = {
  numRuns: scaled(8, 300),
  interruptAfterTimeLimit: scaled(60_000, 900_000),
  markInterruptAsFailure: true,
}

const stocks = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: PRODUCTS, maxLength: PRODUCTS })

/** Two orders that are there before the clients come. */
const OPENING: readonly Command[] = [0, 1].map((buyer) => ({
  kind: 'place',
  buyer,
  items: [{ product: buyer, quantity: 1 }],
}))

const world = await createWorld(t)
const pod = await startPod(t, world)
const { sql } = world.database
// The last line of defence would hide that the service's own is broken.
await sql`alter table products drop constraint products_stock_check`

const empty = () => sql`truncate order_events, order_items, orders, outbox, products`

const failOf = (faults: readonly string[]): void => {
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

/** Lets the clients loose on a shop with so many pieces. @throws Error that tells all that is wrong afterwards */
const play = async (
  expire: (limit: number) => Promise<number>,
  pieces: readonly number[],
  commandsOf: readonly (readonly Command[])[],
) => {
  await empty()
  const products = await insertProducts(sql, pieces)
  const buyers = await createCrowd(world, pod.app, BUYERS)
  const admin = nth(await createCrowd(world, pod.app, 1, 'admin'), 0)
  const { outcomes, perform } = createClerk({ call: pod.call, buyers, admin, products, expire })
  const performAll = async (commands: readonly Command[]): Promise<void> => {
    for (const command of commands) await perform(command)
  }
  const watch = watchStock(sql, new Map(products.map((id, i) => [id, nth(pieces, i)])))
  await performAll(OPENING)
  // All of them are to be done, whatever befell one: the next run begins with an empty shop.
  const ends = await Promise.allSettled(commandsOf.map(performAll))
  const { looks, faults } = await watch.stop()
  const orders = await readOrders(sql)
  failOf([
    ...ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : [])),
    ...faults,
    ...(await historyFaults(sql, orders)),
    ...answerFaults(outcomes, orders),
  ])
  return { outcomes, looks }
}

/** What came of the commands, in words that a client was told. */
const wordsOf = (outcome: Outcome): string[] => {
  if (outcome.kind === 'expired') return Array.from({ length: outcome.count }, () => 'expired')
  return [String(outcome.answer.body.code ?? 'done')]
}

const tally = (words: readonly string[]): string => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ')
}

t.test('whatever clients do at once, each order takes its path and no piece gets lost', async (t) => {
  const expire = createExpiry(t, world)
  const words: string[] = []
  let looks = 0
  const property = fc.asyncProperty(stocks, clients, async (pieces, commandsOf) => {
    const played = await play(expire, pieces, commandsOf)
    words.push(...played.outcomes.flatMap(wordsOf))
    looks += played.looks
  })
  await fc.assert(property, PARAMETERS)
  figure(
    t,
    `row 13: ${PARAMETERS.numRuns} random runs of 2 to 4 clients: ${tally(words)}; 0 faults in ${looks} looks`,
  )
})

const sorted = (pieces: Pieces): [string, number][] => [...pieces].sort(([a], [b]) => (a < b ? -1 : 1))

t.test('an order takes exactly what it names, each product once, or nothing', async (t) => {
  const words: string[] = []

  const piecesIn = (rows: readonly { id: string; pieces: number }[]): Pieces =>
    new Map(rows.map(({ id, pieces }) => [id, pieces]))
  const readShelves = async () =>
    piecesIn(await sql<{ id: string; pieces: number }[]>`select id, stock as pieces from products`)
  const readItems = async (orderId: string) =>
    sql<{ id: string; pieces: number }[]>`
      select product_id as id, quantity as pieces from order_items where order_id = ${orderId}`

  const property = fc.asyncProperty(shelves, baskets, async (pieces, sent) => {
    await empty()
    const ids = await insertProducts(sql, pieces)
    const withdrawnId = nth(ids, WITHDRAWN)
    await sql`update products set deleted_at = now() where id = ${withdrawnId}`
    const { token } = nth(await createCrowd(world, pod.app, 1), 0)
    for (const basket of sent) {
      const items = itemsOf(basket, ids)
      const wanted = merge(items)
      const stock = await readShelves()
      const before = await takeSnapshot(sql)
      const answer = await pod.call('POST', '/v1/orders', { token, body: { items } })
      assert.deepEqual(givenIn(answer), expectedOf(wanted, stock, withdrawnId))
      if (answer.status === 201) {
        assert.deepEqual(sorted(await readShelves()), sorted(reduce(stock, wanted)))
        const rows = await readItems(answer.body.data.id)
        assert.equal(rows.length, wanted.size)
        assert.deepEqual(sorted(piecesIn(rows)), sorted(wanted))
      } else assert.deepEqual(changedTables(before, await takeSnapshot(sql)), [])
      words.push(`times ${answer.status}`)
    }
  })
  await fc.assert(property, PARAMETERS)
  figure(t, `row 13: ${PARAMETERS.numRuns} random runs of 1 to 4 orders: ${tally(words)}, all or nothing`)
})
