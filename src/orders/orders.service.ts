import type { Article, StockService } from '../products/products.container.js'
import type { Database, Executor } from '../shared/database/client.js'
import { forbidden } from '../shared/errors.js'
import { newId } from '../shared/new-id.js'
import type { Principal } from '../shared/principal.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { NumberedEvent } from './history.repository.js'
import type { HistoryService, OwnedMove } from './history.service.js'
import type { OrderListsRepository, OrdersFilter } from './order-lists.repository.js'
import { mixedCurrencies, orNotFound } from './orders.errors.js'
import { publishOrderEvent } from './orders.jobs.js'
import { ownerFilter } from './orders.ownership.js'
import type { OrdersRepository, VersionedOrder } from './orders.repository.js'
import type { NewOrder, OrderItem } from './orders.schemas.js'
import type { Placed, PlacementRepository } from './placement.repository.js'

export interface OrdersServiceNeeds {
  readonly database: Database
  readonly stockService: StockService
  readonly historyService: HistoryService
  readonly jobProducer: JobProducer
  readonly placements: PlacementRepository
  readonly repositoryOf: (executor: Executor) => OrdersRepository
  readonly listsOf: (executor: Executor) => OrderListsRepository
}

export interface OrdersService {
  /**
   * Places an order: order, items, stock, history and what is published of it in one statement.
   * @throws product_not_found, insufficient_stock, mixed_currencies; nothing is written then
   */
  readonly placeOrder: (buyer: Principal, order: NewOrder) => Promise<VersionedOrder>
  /** What placing it changes that caches know, by their tags. */
  readonly changesOf: (order: NewOrder) => readonly string[]
  /** One's own order, or any for an admin. @throws order_not_found */
  readonly getOrder: (caller: Principal, id: string) => Promise<VersionedOrder>
  /** The same for its version alone. @throws order_not_found */
  readonly getVersion: (caller: Principal, id: string) => Promise<number>
  /** An order of that user's, for work that somebody else's call caused. @throws order_not_found */
  readonly getOrderOf: (userId: string, id: string) => Promise<VersionedOrder>
  /**
   * One's own orders, or everybody's for an admin, newest first.
   * @throws forbidden when somebody else asks for a user's
   */
  readonly listOrders: (caller: Principal, filter: OrdersFilter) => Promise<VersionedOrder[]>
  /** The history of one's own order, or of any for an admin, oldest first. @throws order_not_found */
  readonly listEvents: (
    caller: Principal,
    id: string,
    after: number | undefined,
    limit: number,
  ) => Promise<NumberedEvent[]>
}

export const createOrdersService = (needs: OrdersServiceNeeds): OrdersService => {
  const { database, stockService, historyService, jobProducer, placements, repositoryOf, listsOf } = needs
  const repository = repositoryOf(database)
  const lists = listsOf(database)

  const getVersion: OrdersService['getVersion'] = async (caller, id) =>
    orNotFound(await repository.findVersion(id, ownerFilter(caller)))

  return {
    placeOrder: ({ userId }, { items }) =>
      database.oneStatement(async () => {
        const id = newId()
        const quantities = mergeItems(items)
        const jobs = jobProducer.toPart(publishOrderEvent, [placing(id, userId)])
        const { placed, articles } = await stockService.takeStock(quantities, () =>
          placements.placeOrder({ id, userId, jobs }, quantities),
        )
        // All is there in such numbers, and nothing else keeps it from being sold.
        if (!placed) throw mixedCurrencies()
        return toOrder({ id, userId, items: toItems(quantities, articles) }, placed)
      }),

    changesOf: ({ items }) => stockService.tagsOf(items.map(({ productId }) => productId)),

    getOrder: async (caller, id) => orNotFound(await repository.findOrder(id, ownerFilter(caller))),
    getVersion,
    getOrderOf: async (userId, id) => orNotFound(await repository.findOrder(id, userId)),

    listOrders: async (caller, filter) => {
      const owner = ownerFilter(caller) ?? filter.userId
      if (filter.userId !== undefined && filter.userId !== owner) throw forbidden()
      return lists.listOrders({ ...filter, userId: owner })
    },

    listEvents: async (caller, id, after, limit) => {
      await getVersion(caller, id)
      return historyService.listEvents(id, after, limit)
    },
  }
}

/** As every order begins. */
const placing = (orderId: string, userId: string): OwnedMove => ({
  orderId,
  userId,
  version: 1,
  actorId: userId,
  from: null,
  to: 'placed',
})

/** The same product twice is one item with both quantities. */
const mergeItems = (items: NewOrder['items']): ReadonlyMap<string, number> => {
  const quantities = new Map<string, number>()
  for (const { productId, quantity } of items) {
    quantities.set(productId, (quantities.get(productId) ?? 0) + quantity)
  }
  return quantities
}

const toItem = ({ id, sku, name, price }: Article, quantity: number): OrderItem => ({
  productId: id,
  sku,
  name,
  unitPrice: price,
  quantity,
})

const toItems = (quantities: ReadonlyMap<string, number>, articles: readonly Article[]): OrderItem[] => {
  const known = new Map(articles.map((article) => [article.id, article]))
  return [...quantities].flatMap(([productId, quantity]) => {
    const article = known.get(productId)
    return article ? [toItem(article, quantity)] : []
  })
}

const toOrder = (
  order: Pick<VersionedOrder, 'id' | 'userId' | 'items'>,
  { totalAmount, currency, placedAt }: Placed,
): VersionedOrder => ({
  ...order,
  status: 'placed',
  version: 1,
  total: { amount: totalAmount, currency },
  createdAt: placedAt,
  updatedAt: placedAt,
})
