import { v7 as uuidv7 } from 'uuid'
import type { Product, StockService } from '../products/products.container.js'
import type { Database, Executor } from '../shared/database/client.js'
import { pipelined } from '../shared/database/pipeline.js'
import { forbidden } from '../shared/errors.js'
import type { Principal } from '../shared/principal.js'
import type { NumberedEvent } from './history.repository.js'
import type { HistoryService, OwnedMove } from './history.service.js'
import type { OrderListsRepository, OrdersFilter } from './order-lists.repository.js'
import { mixedCurrencies, orNotFound } from './orders.errors.js'
import { ownerFilter } from './orders.ownership.js'
import type { NewOrderRow, OrdersRepository, VersionedOrder } from './orders.repository.js'
import type { NewOrder, OrderItem } from './orders.schemas.js'

export interface OrdersServiceNeeds {
  readonly database: Database
  readonly stockService: StockService
  readonly historyService: HistoryService
  readonly repositoryOf: (executor: Executor) => OrdersRepository
  readonly listsOf: (executor: Executor) => OrderListsRepository
}

export interface OrdersService {
  /**
   * Places an order: order, items, stock, history and what is published of it in one transaction.
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
  const { database, stockService, historyService, repositoryOf, listsOf } = needs
  const repository = repositoryOf(database)
  const lists = listsOf(database)

  const getVersion: OrdersService['getVersion'] = async (caller, id) =>
    orNotFound(await repository.findVersion(id, ownerFilter(caller)))

  return {
    placeOrder: ({ userId }, { items }) =>
      database.transaction(async (transaction) => {
        const quantities = mergeItems(items)
        const products = await stockService.takeStock(transaction, quantities)
        const order = priceOrder(userId, quantities, products)
        const [placed] = await pipelined([
          repositoryOf(transaction).insertOrder(order),
          historyService.recordMoves(transaction, [placing(order)]),
        ])
        return placed
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
const placing = ({ id, userId }: NewOrderRow): OwnedMove => ({
  orderId: id,
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

const toItem = ({ id, sku, name, price }: Product, quantity: number): OrderItem => ({
  productId: id,
  sku,
  name,
  unitPrice: price,
  quantity,
})

const priceOrder = (
  userId: string,
  quantities: ReadonlyMap<string, number>,
  products: ReadonlyMap<string, Product>,
) => {
  const items = [...quantities].flatMap(([productId, quantity]) => {
    const product = products.get(productId)
    return product ? [toItem(product, quantity)] : []
  })
  const [currency, ...others] = new Set(items.map(({ unitPrice }) => unitPrice.currency))
  if (currency === undefined || others.length > 0) throw mixedCurrencies()
  const amount = items.reduce((sum, { unitPrice, quantity }) => sum + unitPrice.amount * quantity, 0)
  return { id: uuidv7(), userId, items, total: { amount, currency } }
}
