import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../shared/database/client.js'
import { insufficientStock, productNotFound } from './products.errors.js'
import type { ProductsRepository, StockRepository } from './products.repository.js'
import type { NewProduct, Product } from './products.schemas.js'

export interface ProductsServiceNeeds {
  readonly repository: ProductsRepository
  readonly stockOf: (transaction: Transaction) => StockRepository
}

/** Pieces by product id; each product once. */
export type Quantities = ReadonlyMap<string, number>

export interface ProductsService {
  /** @throws sku_taken */
  readonly createProduct: (product: NewProduct) => Promise<Product>
  /** @throws product_not_found */
  readonly getProduct: (id: string) => Promise<Product>
  readonly listProducts: ProductsRepository['listProducts']
  /**
   * Takes stock inside the caller's transaction, all or nothing: the order and its stock must not come
   * apart. The one place where a transaction crosses domains.
   * @returns the products as they were before, by id.
   * @throws product_not_found, insufficient_stock with what is left of each product that lacks
   */
  readonly takeStock: (
    transaction: Transaction,
    quantities: Quantities,
  ) => Promise<ReadonlyMap<string, Product>>
}

export const createProductsService = ({ repository, stockOf }: ProductsServiceNeeds): ProductsService => ({
  createProduct: (product) => repository.insertProduct(uuidv7(), product),

  getProduct: async (id) => {
    const product = await repository.findProduct(id)
    if (!product) throw productNotFound()
    return product
  },

  listProducts: repository.listProducts,

  takeStock: async (transaction, quantities) => {
    const stock = stockOf(transaction)
    const locked = await stock.lockProducts([...quantities.keys()])
    const products = new Map(locked.map((product) => [product.id, product]))
    refuseUnknown(quantities, products)
    refuseShortage(quantities, products)
    await stock.reduceStock(quantities)
    return products
  },
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
