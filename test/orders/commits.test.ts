import { sql as query } from 'drizzle-orm'
import t from 'tap'
import { createPlacementRepository } from '../../src/orders/placement.repository.js'
import { stockTaking } from '../../src/products/stock.repository.js'
import { connectDatabase } from '../../src/shared/database/client.js'
import { newId } from '../../src/shared/new-id.js'
import { createWorld, startPod } from '../support/app.js'
import { createProduct, registerAdmin } from '../support/factories.js'

t.test('the commit of an order waits for the disk, that of a refused one does not', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const { id } = await createProduct(call, admin, { stock: 3 })
  const { database, close } = connectDatabase({
    url: world.database.url,
    poolMax: 1,
    applicationName: 'test',
  })
  t.teardown(close)
  /** What the commit behind an order of so many pieces heeds, where the server's own default is `on`. */
  const setting = (pieces: number) =>
    database.transaction(async (transaction) => {
      await transaction.execute(query`set local synchronous_commit = on`)
      const { placeOrder } = createPlacementRepository(transaction, stockTaking)
      const { placed } = await placeOrder(
        { id: newId(), userId: admin.id, jobs: '[]' },
        new Map([[id, pieces]]),
      )
      const [row] = await transaction.execute<{ synchronous_commit: string }>(query`show synchronous_commit`)
      return [placed !== undefined, row?.synchronous_commit]
    })
  t.strictSame(await setting(4), [false, 'off'])
  t.strictSame(await setting(3), [true, 'on'])
  t.strictSame(await setting(1), [false, 'off'])
  const [row] = await database.execute(query`select current_setting('synchronous_commit') as left,
    reset_val as before from pg_settings where name = 'synchronous_commit'`)
  t.equal(row?.['left'], row?.['before'], 'the connection keeps nothing of it')
})
