import { sql } from 'drizzle-orm'
import type { Article, Quantities, StockService } from '../products/products.container.js'
import type { Executor } from '../shared/database/client.js'
import { translateViolations } from '../shared/database/failures.js'
import { outboxPart } from '../shared/database/outbox.js'
import { defineQuery, type Places, queries } from '../shared/database/statement.js'
import { unauthenticated } from '../shared/errors.js'
import { orderEvents } from './history.table.js'
import { orderItems, orders } from './orders.table.js'

export interface NewPlacement {
  readonly id: string
  readonly userId: string
  /** The jobs that it causes, as `outboxPart` takes them. */
  readonly jobs: string
}

export interface Placed {
  readonly totalAmount: number
  readonly currency: string
  readonly placedAt: string
}

/** What came of it. */
export interface PlacementOutcome {
  /** Undefined where nothing was written. */
  readonly placed: Placed | undefined
  readonly isTaken: boolean
  /** Those on sale, as they were before. */
  readonly articles: readonly Article[]
}

const { totalAmount, currency, createdAt: placedAt } = orders
const placedColumns = { totalAmount, currency, placedAt }
/**
 * Of an order that is refused only the locks are committed, for which nobody needs to wait until they are on the disk: the
 * setting is this transaction's alone.
 */
const lastsUnlessRefused = sql<string | null>`case when ${sql.identifier('placed')}.currency is null
  then set_config('synchronous_commit', 'off', true) end`

type Taking = StockService['taking']
type Values = NewPlacement & ReturnType<Taking['piecesOf']>

const build = ({ partsOf }: Taking, place: Places<Values>) => {
  const [id, userId] = [sql`${place('id')}::uuid`, sql`${place('userId')}::uuid`]
  const isOneCurrency = sql`(select count(distinct price_currency) from locked) = 1`
  const { wanted, locked, taken, isTaken } = partsOf(place, isOneCurrency)
  const placed = queries.$with('placed', placedColumns).as(sql`
    insert into ${orders} (id, user_id, status, total_amount, currency)
    select ${id}, ${userId}, 'placed', sum(${locked.priceAmount}::bigint * pieces), min(${locked.priceCurrency})
    from locked join wanted using (id) having ${isTaken}
    returning ${totalAmount}, ${currency}, ${placedAt}`)
  const isPlaced = sql`exists (select from placed)`
  const items = queries.$with('items', {}).as(sql`
    insert into ${orderItems} (order_id, position, product_id, sku, name, unit_price_amount, quantity)
    select ${id}, position - 1, ${locked.id}, ${locked.sku}, ${locked.name}, ${locked.priceAmount}, pieces
    from locked join wanted using (id) where ${isPlaced}`)
  // Not the statement's begin: whoever waited for a lock has not placed it before he had it.
  const event = queries.$with('event', {}).as(sql`
    insert into ${orderEvents} (order_id, version, actor_id, to_status, created_at)
    select ${id}, 1, ${userId}, 'placed', clock_timestamp() where ${isPlaced}`)
  const jobs = queries.$with('jobs', {}).as(outboxPart.statement(place('jobs'), isPlaced))
  return queries
    .with(wanted, locked, taken, placed, items, event, jobs)
    .select({ ...locked._.selectedFields, ...placed._.selectedFields, commit: lastsUnlessRefused })
    .from(locked)
    .leftJoin(placed, sql`true`)
}

/**
 * An order in one statement, which is a transaction by itself: stock, order, items, history and jobs, all or nothing. With one
 * statement for each, the products would stay locked for as many round trips, and each costs as much as this one.
 */
export const createPlacementRepository = (executor: Executor, taking: Taking) => {
  const columns = { ...taking.columns, ...placedColumns, commit: lastsUnlessRefused }
  const place = defineQuery(columns, (places: Places<Values>) => build(taking, places))
  // A token may outlive its user, for instance in a database that was restored.
  const errors = { orders_user_id_fkey: () => unauthenticated() }

  return {
    placeOrder: async (order: NewPlacement, quantities: Quantities): Promise<PlacementOutcome> => {
      const values = { ...order, ...taking.piecesOf(quantities) }
      const rows = await translateViolations(errors, () => place(executor, values))
      const [first] = rows
      const placed = first && placedOf(first)
      return { placed, isTaken: placed !== undefined, articles: rows.map(taking.toArticle) }
    },
  }
}

export type PlacementRepository = ReturnType<typeof createPlacementRepository>

/** All columns are there or none. */
const placedOf = (row: { [Key in keyof Placed]: Placed[Key] | null }): Placed | undefined => {
  const { totalAmount: amount, currency: code, placedAt: time } = row
  return amount === null || code === null || time === null
    ? undefined
    : { totalAmount: amount, currency: code, placedAt: time }
}
