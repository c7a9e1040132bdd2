import { and, asc, desc, eq, getTableColumns, gte, isNull, lte, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { translateViolations } from '../shared/database/failures.js'
import { mediaUrl } from '../shared/media.js'
import { skuTaken } from './products.errors.js'
import type { NewProduct, Product, ProductChanges } from './products.schemas.js'
import type { ProductPosition, ProductSort } from './products.sorts.js'
import { products } from './products.table.js'

/** A product with the version that its ETag names, and what its image is shown as. */
export type VersionedProduct = Product & { readonly version: number; readonly imageId: string | null }

/** A product as it is written: its image is shown by then. */
export type ProductValues<T extends ProductChanges> = Omit<T, 'imageUploadId'> & {
  readonly imageId?: string | null
}

export interface ProductsFilter {
  /** As people type it into a search box: words, "a phrase", or, -not. */
  readonly search?: string | undefined
  /** Minor units, whatever the currency. */
  readonly minPrice?: number | undefined
  readonly maxPrice?: number | undefined
  readonly sort: ProductSort
  /** Goes on behind this position. */
  readonly after?: ProductPosition | undefined
  readonly limit: number
}

/** A product with its place in the list. */
export type ListedProduct = VersionedProduct & { readonly position: ProductPosition }

const { search: _search, deletedAt: _deletedAt, ...productColumns } = getTableColumns(products)

export { productColumns }

type Row = Omit<typeof products.$inferSelect, 'search' | 'deletedAt'>

export const toProduct = ({ priceAmount, priceCurrency, createdAt, updatedAt, ...row }: Row) => ({
  ...row,
  price: { amount: priceAmount, currency: priceCurrency },
  imageUrl: mediaUrl(row.imageId),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})

/** What each change does beside: of the stock as well, since a client sees it. */
export const touched = { version: sql`${products.version} + 1`, updatedAt: sql`now()` }

export const isOnSale = isNull(products.deletedAt)

const nameKey = sql<string>`lower(${products.name}) collate "C"`

/** What a sort compares before the id. Each has an index, which is read in both directions. */
const keyOf = (sort: ProductSort): SQL | undefined => {
  if (sort.endsWith('price')) return sql`${products.priceAmount}`
  return sort.endsWith('name') ? nameKey : undefined
}

/** Compared as one, which is how the index is sorted: no row is seen twice, and none is passed over. */
const isBehind = (sort: ProductSort, position: ProductPosition | undefined): SQL | undefined => {
  if (!position) return undefined
  const key = keyOf(sort)
  const columns = key ? sql`(${key}, ${products.id})` : sql`(${products.id})`
  const values = sql.join(
    position.map((value) => sql`${value}`),
    sql`, `,
  )
  return sort.startsWith('-') ? sql`${columns} < (${values})` : sql`${columns} > (${values})`
}

const orderOf = (sort: ProductSort): SQL[] => {
  const direction = sort.startsWith('-') ? desc : asc
  return [keyOf(sort), products.id].flatMap((column) => (column ? [direction(column)] : []))
}

const positionOf = (sort: ProductSort, row: Row & { nameKey: string }): ProductPosition => {
  if (sort.endsWith('price')) return [row.priceAmount, row.id]
  return sort.endsWith('name') ? [row.nameKey, row.id] : [row.id]
}

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
    const [row] = await executor
      .select(productColumns)
      .from(products)
      .where(and(eq(products.id, id), isOnSale))
    return row && toProduct(row)
  },

  listProducts: async (filter: ProductsFilter): Promise<ListedProduct[]> => {
    const { search, minPrice, maxPrice, sort, after, limit } = filter
    const rows = await executor
      .select({ ...productColumns, nameKey })
      .from(products)
      .where(
        and(
          isOnSale,
          search === undefined
            ? undefined
            : sql`${products.search} @@ websearch_to_tsquery('english', ${search})`,
          minPrice === undefined ? undefined : gte(products.priceAmount, minPrice),
          maxPrice === undefined ? undefined : lte(products.priceAmount, maxPrice),
          isBehind(sort, after),
        ),
      )
      .orderBy(...orderOf(sort))
      .limit(limit)
    return rows.map(({ nameKey, ...row }) => ({
      ...toProduct(row),
      position: positionOf(sort, { ...row, nameKey }),
    }))
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
