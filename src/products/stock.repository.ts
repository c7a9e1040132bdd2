import { and, asc, inArray, type SQL, sql } from 'drizzle-orm'
import type { Transaction } from '../shared/database/client.js'
import { defineCommand, type Places, queries } from '../shared/database/statement.js'
import { isOnSale } from './products.repository.js'
import type { Article } from './products.schemas.js'
import { products } from './products.table.js'

interface Pieces extends Record<string, unknown> {
  readonly ids: readonly string[]
  readonly pieces: readonly number[]
}

const piecesOf = (pieces: ReadonlyMap<string, number>): Pieces => ({
  ids: [...pieces.keys()],
  pieces: [...pieces.values()],
})

const { id, sku, name, stock, priceAmount, priceCurrency } = products
const columns = { id, sku, name, stock, priceAmount, priceCurrency }

/**
 * The parts of a statement that takes pieces off the stock, of all of these products or, unless all are on sale and have as
 * many, of none; what more it does depends on `isTaken`. The rest of the statement reads `locked`, the products that are on
 * sale, as they were before, and `wanted`: id, pieces, and position from 1.
 *
 * Locks in the order of the ids, whoever asks: two orders for the same products cannot deadlock. What is counted by
 * `enough` is read from the locked rows, so all of them are locked before the first is changed.
 * @param provided what else must hold, of the locked rows
 */
const partsOf = (place: Places<Pieces>, provided: SQL) => {
  const wanted = queries.$with('wanted', {}).as(sql`
    select * from unnest(${place('ids')}::uuid[], ${place('pieces')}::int[]) with ordinality as asked (id, pieces, position)`)
  const locked = queries.$with('locked').as(
    queries
      .select(columns)
      .from(products)
      .where(and(sql`${products.id} = any(${place('ids')}::uuid[])`, isOnSale))
      .orderBy(asc(products.id))
      .for('no key update'),
  )
  const all = sql`(select count(*) from wanted)`
  const enough = sql`(select count(*) from locked join wanted using (id) where ${locked.stock} >= pieces)`
  const taken = queries.$with('taken', {}).as(sql`
    update ${products}
    set stock = ${products.stock} - pieces, version = ${products.version} + 1, updated_at = now()
    from wanted
    where ${products.id} = wanted.id and ${enough} = ${all} and ${provided}
    returning ${products.id}`)
  return { wanted, locked, taken, isTaken: sql`(select count(*) from taken) = ${all}` }
}

type Row = Pick<typeof products.$inferSelect, keyof typeof columns>

/** A product as an order sees it. */
const toArticle = ({ priceAmount: amount, priceCurrency: currency, ...row }: Row): Article => ({
  ...row,
  price: { amount, currency },
})

/** How a statement of somebody else's takes stock along. */
export const stockTaking = { columns, partsOf, piecesOf, toArticle }

export type StockTaking = typeof stockTaking

const returnToStock = defineCommand(
  (place: Places<Pieces>) => sql`
    update ${products}
    set stock = stock + moved.pieces, version = version + 1, updated_at = now()
    from unnest(${place('ids')}::uuid[], ${place('pieces')}::int[]) as moved (id, pieces)
    where ${products.id} = moved.id`,
)

/** Only makes sense inside somebody's transaction: what is locked stays so until it ends. */
export const createStockRepository = (transaction: Transaction) => {
  return {
    /** Locks them in the same order, with those that are withdrawn: what was sold of them comes back all the same. */
    lockAll: async (ids: readonly string[]): Promise<void> => {
      await transaction
        .select({ id: products.id })
        .from(products)
        .where(inArray(products.id, [...ids]))
        .orderBy(asc(products.id))
        .for('no key update')
    },

    /** Puts pieces back to the stock of products that the caller has locked. */
    increaseStock: (pieces: ReadonlyMap<string, number>): Promise<void> =>
      returnToStock(transaction, piecesOf(pieces)),
  }
}

export type StockRepository = ReturnType<typeof createStockRepository>
