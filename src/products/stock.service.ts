import { noteChanges } from '../shared/database/changes.js'
import type { Transaction } from '../shared/database/client.js'
import { isConnectionLost } from '../shared/database/failures.js'
import { insufficientStock, productNotFound } from './products.errors.js'
import type { Article } from './products.schemas.js'
import { productTags } from './products.tags.js'
import type { StockRepository, StockTaking } from './stock.repository.js'

export interface StockServiceNeeds {
  readonly stockOf: (transaction: Transaction) => StockRepository
  readonly taking: StockTaking
}

/** Pieces by product id; each product once. */
export type Quantities = ReadonlyMap<string, number>

/**
 * Stock as orders move it, inside the caller's statement or transaction: an order and its stock must not come apart. The
 * one place where either crosses domains.
 */
export interface StockService {
  /** What the statement of an order takes its stock by. */
  readonly taking: StockTaking
  /**
   * Takes stock, all or nothing.
   * @param statement made with `taking`
   * @returns what the statement has told
   * @throws product_not_found, also for a withdrawn one; insufficient_stock with what is left of each that lacks
   */
  readonly takeStock: <Told extends { readonly articles: readonly Article[]; readonly isTaken: boolean }>(
    quantities: Quantities,
    statement: () => Promise<Told>,
  ) => Promise<Told>
  /** Gives stock back, to withdrawn products too: their sum must stay right. */
  readonly returnStock: (transaction: Transaction, quantities: Quantities) => Promise<void>
  /** What caches know by these products: both of the above note it. */
  readonly tagsOf: (ids: readonly string[]) => readonly string[]
}

export const createStockService = ({ stockOf, taking }: StockServiceNeeds): StockService => ({
  taking,

  takeStock: async (quantities, statement) => {
    const noteTaken = () => noteChanges(productTags(quantities.keys()))
    const told = await statement().catch((error: unknown) => {
      // Nobody knows what has come of it. Whatever else Postgres says, it has done nothing.
      if (isConnectionLost(error)) noteTaken()
      throw error
    })
    // By the same rules as nothing was taken: both look at the locked rows.
    refuseUnknown(quantities, told.articles)
    refuseShortage(quantities, told.articles)
    if (told.isTaken) noteTaken()
    return told
  },

  returnStock: async (transaction, quantities) => {
    const stock = stockOf(transaction)
    await stock.lockAll([...quantities.keys()])
    await stock.increaseStock(quantities)
    noteChanges(productTags(quantities.keys()))
  },

  tagsOf: productTags,
})

const refuseUnknown = (quantities: Quantities, articles: readonly Article[]): void => {
  const known = new Set(articles.map(({ id }) => id))
  const unknown = [...quantities.keys()].filter((id) => !known.has(id))
  if (unknown.length > 0) throw productNotFound({ facts: { productIds: unknown } })
}

const refuseShortage = (quantities: Quantities, articles: readonly Article[]): void => {
  const items = articles
    .map(({ id, sku, stock }) => ({
      productId: id,
      sku,
      requested: quantities.get(id) ?? 0,
      available: stock,
    }))
    .filter(({ requested, available }) => requested > available)
  if (items.length > 0) throw insufficientStock({ facts: { items } })
}
