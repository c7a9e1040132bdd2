import { and, asc, inArray, sql } from 'drizzle-orm'
import type { Transaction } from '../shared/database/client.js'
import { isOnSale, productColumns, toProduct, type VersionedProduct } from './products.repository.js'
import { products } from './products.table.js'

/** Only makes sense inside somebody's transaction: what is locked stays so until it ends. */
export const createStockRepository = (transaction: Transaction) => {
  const addToStock = async (pieces: ReadonlyMap<string, number>, sign: 1 | -1): Promise<void> => {
    const ids = sql.param([...pieces.keys()])
    const amounts = sql.param([...pieces.values()].map((amount) => sign * amount))
    await transaction.execute(sql`
      update ${products}
      set stock = stock + moved.pieces, version = version + 1, updated_at = now()
      from unnest(${ids}::uuid[], ${amounts}::int[]) as moved (id, pieces)
      where ${products.id} = moved.id`)
  }

  return {
    /**
     * Locks those that are on sale, in the order of their ids, whoever asks: two orders for the same products
     * cannot deadlock.
     */
    lockOnSale: async (ids: readonly string[]): Promise<VersionedProduct[]> => {
      const rows = await transaction
        .select(productColumns)
        .from(products)
        .where(and(inArray(products.id, [...ids]), isOnSale))
        .orderBy(asc(products.id))
        .for('no key update')
      return rows.map(toProduct)
    },

    /** The same for those that are withdrawn as well: what was sold of them comes back all the same. */
    lockAll: async (ids: readonly string[]): Promise<void> => {
      await transaction
        .select({ id: products.id })
        .from(products)
        .where(inArray(products.id, [...ids]))
        .orderBy(asc(products.id))
        .for('no key update')
    },

    /** Takes pieces off the stock of products that the caller has locked and found sufficient. */
    reduceStock: (pieces: ReadonlyMap<string, number>) => addToStock(pieces, -1),
    /** Puts pieces back to the stock of products that the caller has locked. */
    increaseStock: (pieces: ReadonlyMap<string, number>) => addToStock(pieces, 1),
  }
}

export type StockRepository = ReturnType<typeof createStockRepository>
