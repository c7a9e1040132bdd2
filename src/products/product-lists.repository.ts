import { and, asc, desc, gte, lte, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { defineQuery, type Places, queries } from '../shared/database/statement.js'
import {
  isOnSale,
  type ProductRow,
  productColumns,
  toProduct,
  type VersionedProduct,
} from './products.repository.js'
import type { ProductPosition, ProductSort } from './products.sorts.js'
import { products } from './products.table.js'

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

const listColumns = { ...productColumns, nameKey }

const selectFirst = (sort: ProductSort) =>
  defineQuery(listColumns, (place: Places<{ limit: number }>) =>
    queries
      .select(listColumns)
      .from(products)
      .where(isOnSale)
      .orderBy(...orderOf(sort))
      .limit(place('limit')),
  )

/** What a shop's front page asks for again and again. */
const firstPages = {
  price: selectFirst('price'),
  '-price': selectFirst('-price'),
  name: selectFirst('name'),
  '-name': selectFirst('-name'),
  createdAt: selectFirst('createdAt'),
  '-createdAt': selectFirst('-createdAt'),
} as const satisfies Record<ProductSort, unknown>

const positionOf = (sort: ProductSort, row: ProductRow & { nameKey: string }): ProductPosition => {
  if (sort.endsWith('price')) return [row.priceAmount, row.id]
  return sort.endsWith('name') ? [row.nameKey, row.id] : [row.id]
}

export const createProductListsRepository = (executor: Executor) => ({
  listProducts: async (filter: ProductsFilter): Promise<ListedProduct[]> => {
    const { search, minPrice, maxPrice, sort, after, limit } = filter
    const isFirstOfAll = (search ?? minPrice ?? maxPrice ?? after) === undefined
    const rows = isFirstOfAll
      ? await firstPages[sort](executor, { limit })
      : await executor
          .select(listColumns)
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
})

export type ProductListsRepository = ReturnType<typeof createProductListsRepository>
