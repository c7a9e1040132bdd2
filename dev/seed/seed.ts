import type { Sql } from 'postgres'
import { StartError } from '../stack/start-error.js'
import { insertOrders } from './orders.js'
import { NOBODYS_HASH } from './password.js'
import { INSERT_PRODUCTS } from './products.js'
import { faultOfSizes, type Sizes } from './sizes.js'
import { INSERT_ADMIN, INSERT_USERS } from './users.js'

export interface Progress {
  /** What is being added. */
  readonly what: keyof Sizes
  /** Users, products and orders that are through, and how many there are to be. */
  readonly done: number
  readonly total: number
}

export interface SeedOptions {
  /** Called after each transaction. */
  readonly onProgress?: (progress: Progress) => void
  /** Of every user's password; without it nobody can log in as one of them. */
  readonly passwordHash?: string
}

/** Rows that were added; those that were there already are not counted. */
export interface Seeded extends Sizes {
  readonly items: number
  readonly events: number
}

/** What a statement says: rows that it added, and those of its range that were there before. */
interface Counts {
  readonly rows: number
  readonly found?: number
  readonly items?: number
  readonly events?: number
}

const TABLES = 'users, products, orders, order_items, order_events'

/**
 * Fills a migrated database. The same sizes give the same data in any database and on any day, but for the password
 * hash; a second time adds nothing. Users and products of larger sizes are those of smaller ones and more; orders of
 * other sizes are other orders, which are added beside. Each statement is a transaction, so that one may stop at any
 * moment and go on later.
 * Rejects with a StartError when a size is out of bounds, or an address or a sku belongs to somebody else.
 */
export const seed = async (sql: Sql, sizes: Sizes, options: SeedOptions = {}): Promise<Seeded> => {
  const fault = faultOfSizes(sizes)
  if (fault !== undefined) throw new StartError(fault)
  const total = sizes.users + sizes.products + sizes.orders
  let done = 0
  const run = (what: keyof Sizes, chunk: number, statement: string, more: readonly string[] = []) =>
    inChunks(sizes[what], chunk, async (from, to) => {
      // Text and not a template: the expressions are put together from pieces, and none comes from outside.
      const [counts] = await sql.unsafe<Counts[]>(statement, [from, to, ...more])
      done += to - from + 1
      options.onProgress?.({ what, done, total })
      return counts
    })

  await sql.unsafe(INSERT_ADMIN)
  // So many a statement that each takes a fraction of a second.
  const users = await run('users', 10_000, INSERT_USERS, [options.passwordHash ?? NOBODYS_HASH])
  requireAll('e-mail address', sizes.users, users)
  const products = await run('products', 5_000, INSERT_PRODUCTS)
  requireAll('sku', sizes.products, products)
  const orders = await run('orders', 5_000, insertOrders(sizes))
  // Index-only scans need the visibility map, which ANALYZE alone would leave empty.
  if (users.rows + products.rows + orders.rows > 0) await sql.unsafe(`vacuum (analyze) ${TABLES}`)
  const { items, events } = orders
  return { users: users.rows, products: products.rows, orders: orders.rows, items, events }
}

/** Adds up what the ranges from 1 to `size` give, two at a time where the pool has two connections. */
const inChunks = async (
  size: number,
  chunk: number,
  add: (from: number, to: number) => Promise<Counts | undefined>,
): Promise<Required<Counts>> => {
  const sum = { rows: 0, found: 0, items: 0, events: 0 }
  let next = 1
  const work = async (): Promise<void> => {
    while (next <= size) {
      const [from, to] = [next, Math.min(next + chunk - 1, size)]
      next = to + 1
      const { rows = 0, found = 0, items = 0, events = 0 } = (await add(from, to)) ?? {}
      sum.rows += rows
      sum.found += found
      sum.items += items
      sum.events += events
    }
  }
  const stop = (error: unknown): never => {
    next = size + 1
    throw error
  }
  await Promise.all([work().catch(stop), work().catch(stop)])
  return sum
}

/** Orders would point at rows that are not there. */
const requireAll = (what: string, size: number, { rows, found }: Required<Counts>): void => {
  const missing = size - rows - found
  if (missing === 0) return
  throw new StartError(
    `The ${what} of ${missing} of the seeded rows is taken by another: use an empty database`,
  )
}
