import { sql as query, type SQL } from 'drizzle-orm'
import t from 'tap'
import { connectDatabase } from '../../src/shared/database/client.js'
import { createWorld, startPod } from '../support/app.js'
import { createProduct, registerAdmin } from '../support/factories.js'
import { until } from '../support/until.js'

/** Who may wait for a connection of one pod at once. */
const LINE = 1_000

t.test('reads do not stand behind an order that waits for its products', async (t) => {
  const world = await createWorld(t, { DATABASE_POOL_MAX: '2', CACHE_ENABLED: 'false' })
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const [mug, plate] = [await createProduct(call, admin), await createProduct(call, admin)]
  const order = (productId: string) =>
    call('POST', '/v1/orders', { token: admin.token, body: { items: [{ productId, quantity: 1 }] } })
  const read = () =>
    Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        call('GET', index % 2 === 0 ? `/v1/products/${mug.id}` : '/v1/orders', { token: admin.token }),
      ),
    )
  // The driver sends statements one behind the other once their connection has prepared them.
  await Promise.all(Array.from({ length: 8 }, () => order(plate.id)))
  await read()
  const connection = await sql.reserve()
  await connection`begin`
  await connection`select from products where id = ${mug.id} for update`
  let isOrdered = false
  const ordering = order(mug.id).then((answer) => {
    isOrdered = true
    return answer
  })
  await until('the order to wait', async () => {
    const waiting = await sql`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    return waiting.length === 1
  })
  for (const { status } of await read()) t.equal(status, 200)
  t.notOk(isOrdered, 'while it still waits')
  await connection`commit`
  connection.release()
  t.equal((await ordering).status, 201)
})

t.test('the line for a connection has an end', async (t) => {
  const world = await createWorld(t)
  const { database, load, close } = connectDatabase({
    url: world.database.url,
    poolMax: 1,
    applicationName: 'test',
    waitMs: 60_000,
  })
  t.teardown(close)
  const connection = await world.database.sql.reserve()
  await connection`select pg_advisory_lock(1)`
  // Drizzle sends a statement when somebody waits for it.
  const run = async (statement: SQL) => database.execute(statement)
  const select = () => run(query`select 1`)
  const slow = run(query`select pg_advisory_lock(1), pg_advisory_unlock(1)`)
  await until('the slow one to run', () => load().running === 1)
  const line = Array.from({ length: LINE }, select)
  await until('all to stand in line', () => load().waiting === LINE)
  await t.rejects(select(), { cause: { code: 'POOL_EXHAUSTED' } }, 'one too many')
  await t.rejects(
    database.transaction((transaction) => transaction.execute(query`select 1`)),
    {
      code: 'POOL_EXHAUSTED',
    },
  )
  t.equal(load().waiting, LINE, 'and they stand nowhere')
  await connection`select pg_advisory_unlock(1)`
  connection.release()
  await Promise.all([slow, ...line])
  t.match(load(), { running: 0, waiting: 0 })
})
