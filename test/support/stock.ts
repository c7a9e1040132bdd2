import { setTimeout as wait } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { v7 as uuidv7 } from 'uuid'
import { unique } from './factories.js'

/** Puts a product on sale for each of these numbers of pieces. @returns their ids, in that order */
export const insertProducts = async (sql: Sql, stocks: readonly number[]): Promise<readonly string[]> => {
  const rows = stocks.map((stock) => ({
    id: uuidv7(),
    sku: unique('sku'),
    name: 'Mug',
    description: '',
    price_amount: 100,
    price_currency: 'EUR',
    stock,
  }))
  await sql`insert into products ${sql(rows)}`
  return rows.map(({ id }) => id)
}

/** Between two looks: without it the watch would take most of the time of what it watches. */
const PAUSE_MS = 4

export interface StockLevel {
  readonly id: string
  readonly stock: number
  /** Pieces in orders that somebody gets, or has got. */
  readonly ordered: number
}

/** In one statement, so that all of it is of one moment. */
export const stockLevels = (sql: Sql, ids: readonly string[]): Promise<StockLevel[]> =>
  sql<StockLevel[]>`
    select products.id, stock, coalesce(sum(quantity) filter
      (where status in ('placed', 'confirmed', 'shipped', 'delivered')), 0)::int as ordered
    from products
    left join order_items on product_id = products.id
    left join orders on orders.id = order_id
    where products.id = any(${[...ids]}::uuid[])
    group by products.id`.then((rows) => [...rows])

export interface StockWatch {
  /** Looks once more. @returns how often it has looked, and what it saw that must not be */
  readonly stop: () => Promise<{ readonly looks: number; readonly faults: readonly string[] }>
}

/** Looks again and again, some hundred times a second, whether each product still has all its pieces. */
export const watchStock = (sql: Sql, totals: ReadonlyMap<string, number>): StockWatch => {
  const faults = new Set<string>()
  let looks = 0
  let stopped = false

  const look = async (): Promise<void> => {
    for (const { id, stock, ordered } of await stockLevels(sql, [...totals.keys()])) {
      const isRight = stock >= 0 && stock + ordered === totals.get(id)
      if (!isRight) faults.add(`${stock} in stock and ${ordered} ordered, of ${totals.get(id)}`)
    }
    looks += 1
  }
  const watching = (async () => {
    while (!stopped) {
      await look()
      await wait(PAUSE_MS)
    }
  })()
  // Whoever stops the watch hears of it; until then it must not end the process.
  watching.catch(() => {})

  return {
    stop: async () => {
      stopped = true
      await watching
      await look()
      return { looks, faults: [...faults] }
    },
  }
}
