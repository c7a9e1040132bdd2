import type { AwilixContainer } from 'awilix'
import type { AuditTrail } from '../shared/database/audit.js'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import type { MediaService } from '../uploads/uploads.container.js'
import { createProductListsRepository } from './product-lists.repository.js'
import { createProductsRepository } from './products.repository.js'
import { createProductsService } from './products.service.js'
import { createStockRepository, stockTaking } from './stock.repository.js'
import { createStockService } from './stock.service.js'

export type { Article, Product } from './products.schemas.js'
export type { ProductsService } from './products.service.js'
export type { Quantities, StockService } from './stock.service.js'

export interface ProductsNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly mediaService: MediaService
}

/** Provides `productsService` and, for orders, `stockService`. */
export const registerProducts = <C extends ProductsNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    productsService: ({ database, auditTrail, mediaService }: ProductsNeeds) =>
      createProductsService({
        database,
        auditTrail,
        mediaService,
        repositoryOf: createProductsRepository,
        listsOf: createProductListsRepository,
      }),
    stockService: () => createStockService({ stockOf: createStockRepository, taking: stockTaking }),
  })
