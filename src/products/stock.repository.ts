import { and, asc, inArray, sql } from 'drizzle-orm'
import type { Transaction } from '../shared/database/client.js'
import { defineCommand, defineQuery, type Places, queries } from '../shared/database/statement.js'
import { isOnSale, productColumns, toProduct, type VersionedProduct } from './products.repository.js'
import { products } from './products.table.js'

interface Pieces extends Record<string, unknown> {
  readonly ids: readonly string[]
  readonly pieces: readonly number[]
}

const piecesOf = (pieces: ReadonlyMap<string, number>): Pieces => ({
  ids: [...pieces.keys()],
  pieces: [...pieces.values()],
})

/**
 * Locks in the order of the ids, whoever asks: two orders for the same products cannot deadlock. What is counted by
 * `enough` is read from the locked rows, so all of them are locked before the first is changed.
 */
const takeFromStock = defineQuery(productColumns, (place: Places<Pieces>) => {
  const wanted = sql`unnest(${place('ids')}::uuid[], ${place('pieces')}::int[]) as wanted (id, pieces)`
  const locked = queries.$with('locked').as(
    queries
      .select(productColumns)
      .from(products)
      .where(and(sql`${products.id} = any(${place('ids')}::uuid[])`, isOnSale))
      .orderBy(asc(products.id))
      .for('no key update'),
  )
  const enough = sql`select count(*) from locked join ${wanted} using (id) where stock >= pieces`
  const taken = queries.$with('taken', {}).as(sql`
    update ${products}
    set stock = ${products.stock} - wanted.pieces, version = ${products.version} + 1, updated_at = now()
    from ${wanted}
    where ${products.id} = wanted.id and (${enough}) = cardinality(${place('ids')}::uuid[])`)
  return queries.with(locked, taken).select().from(locked)
})

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
    /**
     * Takes pieces off the stock, of all of these products or, unless all are on sale and have as many, of none; locks them
     * until the transaction ends either way.
     * @returns those that are on sale, as they were before
     */
    reduceStock: async (pieces: ReadonlyMap<string, number>): Promise<VersionedProduct[]> =>
      (await takeFromStock(transaction, piecesOf(pieces))).map(toProduct),

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
