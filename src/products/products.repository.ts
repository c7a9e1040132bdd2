import { asc, desc, eq, inArray, lt, sql } from 'drizzle-orm'
import type { Executor, Transaction } from '../shared/database/client.js'
import { translateViolations } from '../shared/database/failures.js'
import { skuTaken } from './products.errors.js'
import type { NewProduct, Product } from './products.schemas.js'
import { products } from './products.table.js'

type Row = typeof products.$inferSelect

const toProduct = ({ priceAmount, priceCurrency, createdAt, updatedAt, ...row }: Row): Product => ({
  ...row,
  price: { amount: priceAmount, currency: priceCurrency },
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})

export const createProductsRepository = (executor: Executor) => ({
  /** @throws sku_taken */
  insertProduct: async (id: string, { price, ...product }: NewProduct): Promise<Product> => {
    const values = { id, ...product, priceAmount: price.amount, priceCurrency: price.currency }
    const [row] = await translateViolations({ products_sku_key: () => skuTaken() }, () =>
      executor.insert(products).values(values).returning(),
    )
    if (!row) throw new Error('insert returned no product')
    return toProduct(row)
  },

  findProduct: async (id: string): Promise<Product | undefined> => {
    const [row] = await executor.select().from(products).where(eq(products.id, id))
    return row && toProduct(row)
  },

  /** Newest first, from behind `after`; at most `limit`. */
  listProducts: async (limit: number, after: string | undefined): Promise<Product[]> => {
    const rows = await executor
      .select()
      .from(products)
      .where(after === undefined ? undefined : lt(products.id, after))
      .orderBy(desc(products.id))
      .limit(limit)
    return rows.map(toProduct)
  },
})

export type ProductsRepository = ReturnType<typeof createProductsRepository>

/** The part that only makes sense inside somebody's transaction: what is locked stays so until it ends. */
export const createStockRepository = (transaction: Transaction) => ({
  /** Locks in the order of the ids, whoever asks: two orders for the same products cannot deadlock. */
  lockProducts: async (ids: readonly string[]): Promise<Product[]> => {
    const rows = await transaction
      .select()
      .from(products)
      .where(inArray(products.id, [...ids]))
      .orderBy(asc(products.id))
      .for('no key update')
    return rows.map(toProduct)
  },

  /** Takes the quantities off the stock of products that the caller has locked and found sufficient. */
  reduceStock: async (quantities: ReadonlyMap<string, number>): Promise<void> => {
    const ids = sql.param([...quantities.keys()])
    const amounts = sql.param([...quantities.values()])
    await transaction.execute(sql`
      update ${products} set stock = stock - taken.quantity, updated_at = now()
      from unnest(${ids}::uuid[], ${amounts}::int[]) as taken (id, quantity)
      where ${products.id} = taken.id`)
  },
})

export type StockRepository = ReturnType<typeof createStockRepository>
