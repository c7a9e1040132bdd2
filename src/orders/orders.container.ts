import type { AwilixContainer } from 'awilix'
import type { ProductsService } from '../products/products.container.js'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import type { JobProducer } from '../shared/queue/producer.js'
import { createOrdersRepository } from './orders.repository.js'
import { createOrdersService } from './orders.service.js'

export type { Order } from './orders.schemas.js'
export type { OrdersService } from './orders.service.js'

export interface OrdersNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly productsService: ProductsService
}

/** Provides `ordersService`. */
export const registerOrders = <C extends OrdersNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    ordersService: ({ database, jobProducer, productsService }: OrdersNeeds) =>
      createOrdersService({ database, jobProducer, productsService, repositoryOf: createOrdersRepository }),
  })
