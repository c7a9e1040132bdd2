import { v7 as uuidv7 } from 'uuid'
import type { Product, ProductsService } from '../products/products.container.js'
import type { Database, Executor } from '../shared/database/client.js'
import type { Principal } from '../shared/principal.js'
import type { JobProducer } from '../shared/queue/producer.js'
import { mixedCurrencies, orderNotFound } from './orders.errors.js'
import { sendOrderConfirmation } from './orders.jobs.js'
import type { OrdersRepository } from './orders.repository.js'
import type { NewOrder, Order, OrderItem } from './orders.schemas.js'

export interface OrdersServiceNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly productsService: ProductsService
  readonly repositoryOf: (executor: Executor) => OrdersRepository
}

export interface OrdersService {
  /**
   * Places an order: order, items, stock and the confirmation's job in one transaction.
   * @throws product_not_found, insufficient_stock, mixed_currencies; nothing is written then
   */
  readonly placeOrder: (buyer: Principal, order: NewOrder) => Promise<Order>
  /** One's own order, or any for an admin. @throws order_not_found */
  readonly getOrder: (caller: Principal, id: string) => Promise<Order>
  /** An order of that user's, for work that somebody else's call caused. @throws order_not_found */
  readonly getOrderOf: (userId: string, id: string) => Promise<Order>
  /** One's own orders, or everybody's for an admin, newest first. */
  readonly listOrders: (caller: Principal, limit: number, after: string | undefined) => Promise<Order[]>
}

export const createOrdersService = (needs: OrdersServiceNeeds): OrdersService => {
  const { database, jobProducer, productsService, repositoryOf } = needs
  const repository = repositoryOf(database)

  return {
    placeOrder: ({ userId }, { items }) =>
      database.transaction(async (transaction) => {
        const quantities = mergeItems(items)
        const products = await productsService.takeStock(transaction, quantities)
        const order = await repositoryOf(transaction).insertOrder(priceOrder(userId, quantities, products))
        await jobProducer.send(transaction, sendOrderConfirmation, { orderId: order.id, userId })
        return order
      }),

    getOrder: async (caller, id) => orNotFound(await repository.findOrder(id, ownerFilter(caller))),
    getOrderOf: async (userId, id) => orNotFound(await repository.findOrder(id, userId)),

    listOrders: (caller, limit, after) => {
      const userId = ownerFilter(caller)
      return repository.listOrders({ limit, after, ...(userId !== undefined && { userId }) })
    },
  }
}

const orNotFound = (order: Order | undefined): Order => {
  if (!order) throw orderNotFound()
  return order
}

/** Whose orders the caller may see: his own, or everybody's for an admin. */
const ownerFilter = ({ role, userId }: Principal): string | undefined =>
  role === 'admin' ? undefined : userId

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
