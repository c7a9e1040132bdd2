import type { AwilixContainer } from 'awilix'
import type { StockService } from '../products/products.container.js'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import type { JobProducer } from '../shared/queue/producer.js'
import { createAnnouncementsService } from './announcements.service.js'
import { createHistoryRepository } from './history.repository.js'
import { createHistoryService, type HistoryService } from './history.service.js'
import { createOrderListsRepository } from './order-lists.repository.js'
import { createOrdersRepository } from './orders.repository.js'
import { createOrdersService } from './orders.service.js'
import { createPlacementRepository } from './placement.repository.js'
import { createTransitionsRepository } from './transitions.repository.js'
import { createTransitionsService } from './transitions.service.js'

export type { AnnouncementsService } from './announcements.service.js'
export type { Order } from './orders.schemas.js'
export type { OrdersService } from './orders.service.js'
export type { TransitionsService } from './transitions.service.js'

export interface OrdersNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly stockService: StockService
}

type WithHistory = OrdersNeeds & { readonly historyService: HistoryService }

/** Provides `ordersService`, `transitionsService` and, for workers, `announcementsService`. */
export const registerOrders = <C extends OrdersNeeds>(container: AwilixContainer<C>) => {
  const withHistory = provide(container, {
    historyService: ({ database, jobProducer }: OrdersNeeds) =>
      createHistoryService({ database, jobProducer, historyOf: createHistoryRepository }),
  })
  return provide(withHistory, {
    ordersService: ({ database, jobProducer, stockService, historyService }: WithHistory) =>
      createOrdersService({
        database,
        jobProducer,
        stockService,
        historyService,
        placements: createPlacementRepository(database, stockService.taking),
        repositoryOf: createOrdersRepository,
        listsOf: createOrderListsRepository,
      }),
    transitionsService: ({ database, stockService, historyService }: WithHistory) =>
      createTransitionsService({
        database,
        stockService,
        historyService,
        ordersOf: createOrdersRepository,
        transitionsOf: createTransitionsRepository,
      }),
    announcementsService: ({ database, jobProducer }: WithHistory) =>
      createAnnouncementsService({ database, jobProducer }),
  })
}
