import { noteChanges } from '../shared/database/changes.js'
import type { Transaction } from '../shared/database/client.js'
import { insufficientStock, productNotFound } from './products.errors.js'
import type { Product } from './products.schemas.js'
import { productTags } from './products.tags.js'
import type { StockRepository } from './stock.repository.js'

export interface StockServiceNeeds {
  readonly stockOf: (transaction: Transaction) => StockRepository
}

/** Pieces by product id; each product once. */
export type Quantities = ReadonlyMap<string, number>

/**
 * Stock as orders move it, inside the caller's transaction: an order and its stock must not come apart. The one
 * place where a transaction crosses domains.
 */
export interface StockService {
  /**
   * Takes stock, all or nothing.
   * @returns the products as they were before, by id
   * @throws product_not_found, also for a withdrawn one; insufficient_stock with what is left of each that lacks
   */
  readonly takeStock: (
    transaction: Transaction,
    quantities: Quantities,
  ) => Promise<ReadonlyMap<string, Product>>
  /** Gives stock back, to withdrawn products too: their sum must stay right. */
  readonly returnStock: (transaction: Transaction, quantities: Quantities) => Promise<void>
  /** What caches know by these products: both of the above note it. */
  readonly tagsOf: (ids: readonly string[]) => readonly string[]
}

export const createStockService = ({ stockOf }: StockServiceNeeds): StockService => ({
  takeStock: async (transaction, quantities) => {
    const found = await stockOf(transaction).reduceStock(quantities)
    const products = new Map(found.map((product) => [product.id, product]))
    // By the same rules as nothing was taken: both look at the locked rows.
    refuseUnknown(quantities, products)
    refuseShortage(quantities, products)
    noteChanges(productTags(quantities.keys()))
    return products
  },

  returnStock: async (transaction, quantities) => {
    const stock = stockOf(transaction)
    await stock.lockAll([...quantities.keys()])
    await stock.increaseStock(quantities)
    noteChanges(productTags(quantities.keys()))
  },

  tagsOf: productTags,
})

const refuseUnknown = (quantities: Quantities, products: ReadonlyMap<string, Product>): void => {
  const unknown = [...quantities.keys()].filter((id) => !products.has(id))
  if (unknown.length > 0) throw productNotFound({ facts: { productIds: unknown } })
}

const refuseShortage = (quantities: Quantities, products: ReadonlyMap<string, Product>): void => {
  const items = [...products.values()]
    .map(({ id, sku, stock }) => ({
      productId: id,
      sku,
      requested: quantities.get(id) ?? 0,
      available: stock,
    }))
    .filter(({ requested, available }) => requested > available)
  if (items.length > 0) throw insufficientStock({ facts: { items } })
}
