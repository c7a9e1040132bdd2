import { and, eq, getTableColumns, isNull, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { translateViolations } from '../shared/database/failures.js'
import { defineQuery, type Places, queries } from '../shared/database/statement.js'
import { mediaUrl } from '../shared/media.js'
import { skuTaken } from './products.errors.js'
import type { NewProduct, Product, ProductChanges } from './products.schemas.js'
import { products } from './products.table.js'

/** A product with the version that its ETag names, and what its image is shown as. */
export type VersionedProduct = Product & { readonly version: number; readonly imageId: string | null }

/** A product as it is written: its image is shown by then. */
export type ProductValues<T extends ProductChanges> = Omit<T, 'imageUploadId'> & {
  readonly imageId?: string | null
}

const { search: _search, deletedAt: _deletedAt, ...productColumns } = getTableColumns(products)

export { productColumns }

export type ProductRow = Omit<typeof products.$inferSelect, 'search' | 'deletedAt'>

export const toProduct = ({ priceAmount, priceCurrency, ...row }: ProductRow) => ({
  ...row,
  price: { amount: priceAmount, currency: priceCurrency },
  imageUrl: mediaUrl(row.imageId),
})

/** What each change does beside: of the stock as well, since a client sees it. */
export const touched = { version: sql`${products.version} + 1`, updatedAt: sql`now()` }

export const isOnSale = isNull(products.deletedAt)

const selectProduct = defineQuery(productColumns, (place: Places<{ id: string }>) =>
  queries
    .select(productColumns)
    .from(products)
    .where(and(eq(products.id, place('id')), isOnSale)),
)

const toValues = ({ price, ...changes }: ProductValues<ProductChanges>) => ({
  ...changes,
  ...(price && { priceAmount: price.amount, priceCurrency: price.currency }),
})

/** A sku is unique among the products that are on sale. */
const orSkuTaken = <T>(write: () => Promise<T>): Promise<T> =>
  translateViolations({ products_sku_key: () => skuTaken() }, write)

export const createProductsRepository = (executor: Executor) => ({
  /** @throws sku_taken */
  insertProduct: async (
    id: string,
    { price, ...product }: ProductValues<NewProduct>,
  ): Promise<VersionedProduct> => {
    const values = { id, ...product, priceAmount: price.amount, priceCurrency: price.currency }
    const [row] = await orSkuTaken(() => executor.insert(products).values(values).returning(productColumns))
    if (!row) throw new Error('insert returned no product')
    return toProduct(row)
  },

  findProduct: async (id: string): Promise<VersionedProduct | undefined> => {
    const [row] = await selectProduct(executor, { id })
    return row && toProduct(row)
  },

  /** Holds the product until the transaction ends. @returns undefined when there is none */
  lockProduct: async (id: string): Promise<VersionedProduct | undefined> => {
    const [row] = await executor
      .select(productColumns)
      .from(products)
      .where(and(eq(products.id, id), isOnSale))
      .for('no key update')
    return row && toProduct(row)
  },

  /**
   * Lets one change of a sku go on at a time: two products that exchange theirs would wait for each other in the
   * unique index. To be taken before the product.
   */
  lockSkus: async (): Promise<void> => {
    await executor.execute(sql`select pg_advisory_xact_lock(hashtextextended('products.sku', 0))`)
  },

  /** Lock it first. @throws sku_taken */
  updateProduct: async (id: string, changes: ProductValues<ProductChanges>): Promise<VersionedProduct> => {
    const [row] = await orSkuTaken(() =>
      executor
        .update(products)
        .set({ ...toValues(changes), ...touched })
        .where(eq(products.id, id))
        .returning(productColumns),
    )
    if (!row) throw new Error('update returned no product: it was not locked before')
    return toProduct(row)
  },

  /** Keeps the row for the orders that name it; nobody finds it any more. Lock it first. */
  withdrawProduct: async (id: string): Promise<void> => {
    await executor
      .update(products)
      .set({ deletedAt: sql`now()`, imageId: null, ...touched })
      .where(and(eq(products.id, id), isOnSale))
  },
})

export type ProductsRepository = ReturnType<typeof createProductsRepository>
