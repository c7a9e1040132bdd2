import type { AwilixContainer } from 'awilix'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import { createProductsRepository, createStockRepository } from './products.repository.js'
import { createProductsService } from './products.service.js'

export type { Product } from './products.schemas.js'
export type { ProductsService } from './products.service.js'

export interface ProductsNeeds {
  readonly database: Database
}

/** Provides `productsService`. */
export const registerProducts = <C extends ProductsNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    productsService: ({ database }: ProductsNeeds) =>
      createProductsService({
        repository: createProductsRepository(database),
        stockOf: createStockRepository,
      }),
  })
