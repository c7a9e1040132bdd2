import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import t from 'tap'
import { createHistoryRepository } from '../../src/orders/history.repository.js'
import { createHistoryService } from '../../src/orders/history.service.js'
import { createOrderListsRepository } from '../../src/orders/order-lists.repository.js'
import { createOrdersRepository } from '../../src/orders/orders.repository.js'
import { createOrdersService } from '../../src/orders/orders.service.js'
import { createPlacementRepository } from '../../src/orders/placement.repository.js'
import { createStockRepository, stockTaking } from '../../src/products/stock.repository.js'
import { createStockService } from '../../src/products/stock.service.js'
import { announcing } from '../../src/shared/database/changes.js'
import { createJobProducer } from '../../src/shared/queue/producer.js'
import { createWorld, startPod } from '../support/app.js'
import { createProduct, registerAdmin, registerUser } from '../support/factories.js'

const servicesOn = (url: string) => {
  const sent: string[] = []
  const client = postgres(url, {
    max: 1,
    onnotice: () => {},
    debug: (_connection, text) => void sent.push(text),
  })
  const database = Object.assign(drizzle(client), {
    oneStatement: <T>(work: () => Promise<T>): Promise<T> =>
      announcing<T>(
        async () => {},
        (collect) => collect(work),
      ),
  })
  const jobProducer = createJobProducer({ tracer: undefined })
  const stockService = createStockService({ stockOf: createStockRepository, taking: stockTaking })
  const historyService = createHistoryService({
    database,
    jobProducer,
    historyOf: createHistoryRepository,
  })
  const ordersService = createOrdersService({
    database,
    historyService,
    jobProducer,
    stockService,
    placements: createPlacementRepository(database, stockService.taking),
    repositoryOf: createOrdersRepository,
    listsOf: createOrderListsRepository,
  })
  return { ordersService, sent, close: () => client.end({ timeout: 1 }) }
}

t.test('an order takes one statement, whatever is in it, and so does a list', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call)
  const products = [await createProduct(call, admin), await createProduct(call, admin)]
  const { ordersService, sent, close } = servicesOn(world.database.url)
  t.teardown(close)
  const buyer = { userId: ada.id, sessionId: ada.id, role: 'user' } as const
  for (const some of [products.slice(0, 1), products]) {
    sent.length = 0
    const items = some.map(({ id }) => ({ productId: id, quantity: 1 }))
    await ordersService.placeOrder(buyer, { items })
    t.equal(sent.filter((text) => !text.includes('pg_catalog')).length, 1)
  }
  sent.length = 0
  const orders = await ordersService.listOrders(buyer, { limit: 21 })
  t.strictSame(
    orders.map(({ items }) => items.length),
    [2, 1],
  )
  t.equal(sent.length, 1)
})
