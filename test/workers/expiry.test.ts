import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { createProduct, registerAdmin, registerUser } from '../support/factories.js'
import { mailFiles, readMailFile } from '../support/mail.js'
import { insertUser, untilOutboxClosed } from '../support/outbox.js'
import { countExpiries, countPieces, insertOrders, PLENTY } from '../support/overdue.js'
import { isProblem } from '../support/problem.js'
import { runsOf, untilRun } from '../support/runs.js'
import { insertProducts } from '../support/stock.js'

const JOB = 'orders.expire'

t.test('an order that nobody confirms in time expires', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call)
  const mug = await createProduct(call, admin, { stock: 10 })
  const plate = await createProduct(call, admin, { stock: 10 })
  const place = async (productId: string, quantity: number): Promise<string> => {
    const items = [{ productId, quantity }]
    const { body } = await call('POST', '/v1/orders', { token: ada.token, body: { items } })
    return body.data.id
  }
  const read = (id: string) => call('GET', `/v1/orders/${id}`, { token: ada.token })
  const stockOf = async (id: string) => (await sql`select stock from products where id = ${id}`)[0]?.['stock']

  const overdue = await place(mug.id, 2)
  const ofWithdrawn = await place(plate.id, 3)
  const confirmed = await place(mug.id, 1)
  const young = await place(mug.id, 4)
  await call('POST', `/v1/orders/${confirmed}/confirm`, { token: admin.token })
  await call('DELETE', `/v1/products/${plate.id}`, { token: admin.token })
  const before = await read(overdue)
  await sql`update orders set created_at = created_at - interval '31 minutes' where id <> ${young}`
  await sql`update orders set created_at = created_at - interval '29 minutes' where id = ${young}`
  await startWorkerPod(t, world)
  t.match(await untilRun(world.database, JOB), { token: 1, failure: null })

  await t.test('it is a version further, with another ETag', async (t) => {
    const after = await read(overdue)
    t.match([before.body.data.status, after.body.data.status], ['placed', 'expired'])
    t.strictSame(
      [before, after].map(({ headers }) => headers.get('etag')),
      ['"1"', '"2"'],
    )
    t.ok(after.body.data.updatedAt > before.body.data.updatedAt)
    const known = { 'if-none-match': '"1"' }
    t.equal((await call('GET', `/v1/orders/${overdue}`, { token: ada.token, headers: known })).status, 200)
  })

  await t.test('the history says that the service did it', async (t) => {
    const { body } = await call('GET', `/v1/orders/${overdue}/events`, { token: ada.token })
    t.match(body.data, [
      { from: null, to: 'placed', actorId: ada.id },
      { from: 'placed', to: 'expired', actorId: null },
    ])
    t.equal(body.data.length, 2)
  })

  await t.test('its stock is back, of a withdrawn product too', async (t) => {
    t.equal((await read(ofWithdrawn)).body.data.status, 'expired')
    t.equal(await stockOf(mug.id), 10 - 1 - 4)
    t.equal(await stockOf(plate.id), 10)
  })

  await t.test('one that is confirmed, or 29 minutes old, does not', async (t) => {
    t.match((await read(confirmed)).body.data, { status: 'confirmed' })
    t.match((await read(young)).body.data, { status: 'placed' })
    t.match(await runsOf(world.database, JOB), [{ rows: 2, failure: null }])
  })

  await t.test('the buyer hears of it by mail', async (t) => {
    await untilOutboxClosed(world)
    const updates = mailFiles(world.mailDir).filter((file) => file.startsWith('send-order-update'))
    const expected = [`${overdue}-expired`, `${ofWithdrawn}-expired`, `${confirmed}-confirmed`]
    t.strictSame(updates, expected.map((name) => `send-order-update-${name}.eml`).sort())
    const { headers, text } = readMailFile(world.mailDir, `send-order-update-${overdue}-expired`)
    t.strictSame(headers.get('to'), [ada.email])
    t.match(text, overdue)
  })

  await t.test('nobody can do anything with it any more', async (t) => {
    for (const verb of ['cancel', 'confirm', 'ship', 'deliver']) {
      const path = `/v1/orders/${overdue}/${verb}`
      const answer = await call('POST', path, { token: admin.token })
      isProblem(t, answer, { status: 409, code: 'invalid_transition', instance: path }, verb)
    }
    isProblem(t, await call('POST', `/v1/orders/${overdue}/cancel`, { token: ada.token }), {
      status: 409,
      code: 'invalid_transition',
    })
    t.equal(await stockOf(mug.id), 10 - 1 - 4, 'and its stock does not come back again')
    t.equal((await read(overdue)).headers.get('etag'), '"2"')
  })
})

t.test('three workers expire three batches in one run, after as many minutes as they are told', async (t) => {
  const world = await createWorld(t, { ORDER_TTL_MINUTES: '1', WORKER_QUEUES: 'mail' })
  const { sql } = world.database
  await insertProducts(sql, PLENTY)
  const pieces = await countPieces(sql)
  const [slow, quick] = [await insertUser(world), await insertUser(world)]
  await insertOrders(sql, { userId: slow.id, count: 250, minutesAgo: 2 })
  await insertOrders(sql, { userId: quick.id, count: 10, minutesAgo: 0 })
  t.strictSame(await countPieces(sql), pieces, 'what is ordered is out of stock')

  const pods = await Promise.all([1, 2, 3].map(() => startWorkerPod(t, world)))
  // The last in each pod's round: whoever has got there has looked for overdue orders before.
  await untilRun(world.database, 'one-time-tokens.prune')
  await untilRun(world.database, JOB)
  await Promise.all(pods.map(({ stop }) => stop()))
  t.match(await runsOf(world.database, JOB), [{ token: 1, rows: 250, failure: null }])
  const all = { orders: 250, expired: 250, events: 250, expiries: 250, jobs: 250 }
  t.strictSame(await countExpiries(sql, slow.id), all)
  const none = { expired: 0, events: 0, expiries: 0, jobs: 0 }
  t.strictSame(await countExpiries(sql, quick.id), { orders: 10, ...none })
  t.strictSame(await countPieces(sql), pieces, 'and back in stock once')
})
