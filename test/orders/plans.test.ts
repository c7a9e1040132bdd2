import { drizzle } from 'drizzle-orm/postgres-js'
import postgres, { type Sql } from 'postgres'
import t, { type Test as TapTest } from 'tap'
import { DAY_MS, instant } from '../../dev/seed/calendar.js'
import { uuidV7 } from '../../dev/seed/random.js'
import { seed } from '../../dev/seed/seed.js'
import { createHistoryRepository } from '../../src/orders/history.repository.js'
import { createOrderListsRepository } from '../../src/orders/order-lists.repository.js'
import { createOrdersRepository } from '../../src/orders/orders.repository.js'
import {
  createTransitionsRepository,
  type TransitionsRepository,
} from '../../src/orders/transitions.repository.js'
import { createProductListsRepository } from '../../src/products/product-lists.repository.js'
import { PRODUCT_SORTS, type ProductPosition, type ProductSort } from '../../src/products/products.sorts.js'
import type { Executor } from '../../src/shared/database/client.js'
import { createTestDatabase } from '../support/database.js'
import { figure } from '../support/figures.js'

const SIZES = { users: 1_000, products: 2_000, orders: 5_000 }
/** Of each order, a day apart and without items: what is measured is how they are found. */
const COPIES = 19
/** A page has 21, and most of them five items at most; what is read to be left out counts as well. */
const MAX_ROWS_READ = 200
/** All that a search finds is read, to be sorted. */
const MAX_ROWS_FOUND = 1_000

/** Reads that are one statement, whatever the values. */
const PREPARED = new Set([
  'of a user',
  'of a user, further on',
  'an order',
  'an order’s version',
  ...PRODUCT_SORTS.map((sort) => `products by ${sort}`),
])

interface Statement {
  readonly query: string
  readonly params: unknown[]
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

/** A database that tells what it was asked, and those who ask it. */
const openRecorded = (t: TapTest, url: string) => {
  const client = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(() => client.end({ timeout: 1 }))
  const statements: Statement[] = []
  const logger = { logQuery: (query: string, params: unknown[]) => void statements.push({ query, params }) }
  return { database: drizzle(client, { logger }), statements }
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

/** What Postgres really does for a statement. */
const planOf = async (sql: Sql, { query, params }: Statement): Promise<PlanNode[]> => {
  // The driver's own types do not know a date as text.
  const values = params.map((value) => (value instanceof Date ? value.toISOString() : value)) as string[]
  const [row] = await sql.unsafe(`explain (analyze, format json) ${query}`, values)
  return nodesOf(row?.['QUERY PLAN'][0].Plan)
}

/** What it may do for a prepared statement: a plan that is made without the values. */
const genericPlanOf = async (sql: Sql, { query }: Statement): Promise<PlanNode[]> => {
  const [row] = await sql.unsafe(`explain (generic_plan, format json) ${query}`)
  return nodesOf(row?.['QUERY PLAN'][0].Plan)
}

const isSequential = (node: PlanNode): boolean => node['Node Type'] === 'Seq Scan'

const rowsRead = (nodes: readonly PlanNode[]): number =>
  Math.max(
    ...nodes.map(
      (node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'],
    ),
  )

const fill = async (sql: Sql): Promise<void> => {
  await seed(sql, SIZES)
  await sql.unsafe(`
    insert into orders (id, user_id, status, total_amount, currency, version, created_at, updated_at)
    select ${uuidV7('ms', 'n', 'copy')}, user_id, status, total_amount, currency, version, ${instant('ms')}, updated_at
    from (
      select *, row_number() over (order by id, copy) as n,
        (extract(epoch from created_at) * 1000)::bigint - copy * ${DAY_MS} as ms
      from orders, generate_series(1, ${COPIES}) as copy
    ) as copies`)
  // Some wait to be confirmed: half of them since a year ago, half since a moment ago.
  await sql`update orders set status = 'placed', created_at = case when random() < 0.5 then now() else created_at end
    where id in (select id from orders order by md5(id::text) limit 2000)`
  await sql`vacuum (analyze) orders`
}

type Reads = Readonly<Record<string, () => Promise<unknown>>>

/** Of the one who buys most, and from the middle of the list. */
const orderReads = async (sql: Sql, database: Executor): Promise<Reads> => {
  const { listOrders } = createOrderListsRepository(database)
  const orders = createOrdersRepository(database)
  const inTransaction = <T>(read: (transitions: TransitionsRepository) => Promise<T>) =>
    database.transaction((transaction) => read(createTransitionsRepository(transaction)))
  const [buyer] = await sql`select user_id as id from orders group by 1 order by count(*) desc limit 1`
  const [middle] = await sql`select id, created_at from orders order by id offset 50000 limit 1`
  const some = (await sql`select id from orders order by id desc limit 100`).map(({ id }) => String(id))
  const [userId, after, limit] = [String(buyer?.['id']), String(middle?.['id']), 21]
  const createdAfter: Date = middle?.['created_at']
  const createdBefore = new Date(createdAfter.getTime() + DAY_MS)
  return {
    'all orders': () => listOrders({ limit }),
    'all orders, further on': () => listOrders({ limit, after }),
    'of a user': () => listOrders({ limit, userId }),
    'of a user, further on': () => listOrders({ limit, userId, after }),
    'of a user, by a rare state': () => listOrders({ limit, userId, statuses: ['expired'] }),
    'by a frequent state': () => listOrders({ limit, statuses: ['delivered'] }),
    'by a rare state': () => listOrders({ limit, statuses: ['expired'] }),
    'by the state that expires': () => listOrders({ limit, statuses: ['placed'] }),
    'by two states': () => listOrders({ limit, statuses: ['confirmed', 'shipped'], after }),
    'by time': () => listOrders({ limit, createdAfter, createdBefore }),
    'by time, long ago': () => listOrders({ limit, createdBefore }),
    'by time and state': () => listOrders({ limit, createdAfter, createdBefore, statuses: ['cancelled'] }),
    'by time, of a user': () => listOrders({ limit, userId, createdBefore }),
    'an order': () => orders.findOrder(after),
    'an order’s version': () => orders.findVersion(after, userId),
    'a history': () => createHistoryRepository(database).listEvents(after, 1, limit),
    'what is overdue': () => inTransaction(({ lockOverdue }) => lockOverdue(30, 100)),
    'pieces of ten orders': () => inTransaction(({ countPieces }) => countPieces(some.slice(0, 10))),
  }
}

const positionIn = (sort: ProductSort, { id, amount, name }: Record<string, string>): ProductPosition => {
  if (sort.endsWith('price')) return [Number(amount), String(id)]
  return sort.endsWith('name') ? [String(name), String(id)] : [String(id)]
}

const productReads = async (sql: Sql, database: Executor): Promise<Reads> => {
  const { listProducts } = createProductListsRepository(database)
  const limit = 21
  const [middle = {}] = await sql<Record<string, string>[]>`
    select id, price_amount as amount, lower(name) as name from products order by id offset 1000 limit 1`
  const sorted = PRODUCT_SORTS.flatMap((sort) => [
    [`products by ${sort}`, () => listProducts({ limit, sort })] as const,
    [
      `products by ${sort}, further on`,
      () => listProducts({ limit, sort, after: positionIn(sort, middle) }),
    ] as const,
  ])
  return {
    ...Object.fromEntries(sorted),
    'a range of prices, newest first': () =>
      listProducts({ limit, sort: '-createdAt', minPrice: 1_000, maxPrice: 9_000 }),
    'a range of prices': () => listProducts({ limit, sort: 'price', minPrice: 5_000, maxPrice: 5_100 }),
    'a search': () => listProducts({ limit, sort: '-createdAt', search: 'walnut' }),
    'a search in a range': () =>
      listProducts({ limit, sort: 'price', search: 'walnut', minPrice: 1_000, maxPrice: 5_000 }),
  }
}

t.test('no list reads a whole table, whatever it is asked for', async (t) => {
  const { sql, url } = await createTestDatabase(t)
  await fill(sql)
  const { database, statements } = openRecorded(t, url)
  const reads = { ...(await orderReads(sql, database)), ...(await productReads(sql, database)) }
  const most: number[] = []
  for (const [what, read] of Object.entries(reads)) {
    statements.length = 0
    await read()
    const asked = statements.filter(({ query }) => query.startsWith('select'))
    t.equal(asked.length, 1, `${what}: one query`)
    const limit = what.startsWith('a search') ? MAX_ROWS_FOUND : MAX_ROWS_READ
    for (const statement of [...asked]) {
      const nodes = await planOf(sql, statement)
      t.strictSame(nodes.filter(isSequential), [], `${what}: ${statement.query}`)
      t.ok(rowsRead(nodes) <= limit, `${what} reads ${rowsRead(nodes)} rows`)
      if (limit === MAX_ROWS_READ) most.push(rowsRead(nodes))
      if (PREPARED.has(what))
        t.notOk((await genericPlanOf(sql, statement)).some(isSequential), `${what}, any values`)
    }
  }
  const [count, orders] = [Object.keys(reads).length, SIZES.orders * (COPIES + 1)]
  figure(
    t,
    `plans: ${count} reads on ${orders} orders: 0 sequential scans, ${Math.max(...most)} rows at most`,
  )
})

t.test('a sequential scan would be seen', async (t) => {
  const { sql } = await createTestDatabase(t)
  const nodes = await planOf(sql, { query: 'select from orders where total_amount = $1', params: [1] })
  t.ok(nodes.some(isSequential))
})
