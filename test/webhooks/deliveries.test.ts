import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { createProduct, registerAdmin, registerUser } from '../support/factories.js'
import { figure } from '../support/figures.js'
import { untilOutboxClosed } from '../support/outbox.js'
import { type Received, startReceiver, status } from '../support/receiver.js'
import { until } from '../support/until.js'
import { makeWebhook, RECEIVERS_HERE, sendTest, untilDelivery, verify } from '../support/webhooks.js'

const ORDER_EVENTS = [
  'order.placed',
  'order.confirmed',
  'order.shipped',
  'order.delivered',
  'order.cancelled',
]
const STALLED = 50

/** They may arrive in another order than they happened in. */
const byTime = (one: string, other: string): number => (one < other ? -1 : 1)
const typesIn = (received: readonly Received[]): string[] =>
  received
    .map(({ body }) => JSON.parse(body))
    .sort((one, other) => byTime(one.timestamp, other.timestamp))
    .map(({ type }) => type)

t.test('the life of an order is told to its owner, each step once', async (t) => {
  const world = await createWorld(t, RECEIVERS_HERE)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call)
  const eve = await registerUser(call, 'Eve')
  const mug = await createProduct(call, admin)
  const all = await startReceiver(t)
  const some = await startReceiver(t)
  const foreign = await startReceiver(t)
  const { secret } = await makeWebhook(call, ada, all.url, ORDER_EVENTS)
  await makeWebhook(call, ada, some.url, ['order.shipped'])
  await makeWebhook(call, eve, foreign.url, ORDER_EVENTS)

  const items = [{ productId: mug.id, quantity: 1 }]
  const { body } = await call('POST', '/v1/orders', { token: ada.token, body: { items } })
  const orderId: string = body.data.id
  for (const verb of ['confirm', 'ship', 'deliver']) {
    const moved = await call('POST', `/v1/orders/${orderId}/${verb}`, { token: admin.token })
    t.equal(moved.status, 200, verb)
  }
  await until('all four', () => all.received.length === 4 && some.received.length === 1)
  const types = ORDER_EVENTS.slice(0, 4)
  t.strictSame(typesIn(all.received), types)
  t.strictSame(typesIn(some.received), ['order.shipped'], 'what it has subscribed to')
  for (const received of all.received) {
    const event = verify(secret, received)
    const status = JSON.parse(received.body).type.replace('order.', '')
    t.match(event, { timestamp: String, data: { orderId, status } })
    t.notOk(received.body.includes(admin.id), 'who did it is not told')
    t.equal(received.headers['content-type'], 'application/json')
  }
  const { rows } = {
    rows: await sql`select created_at from order_events where order_id = ${orderId} order by 1`,
  }
  const timestamps = all.received.map(({ body }) => JSON.parse(body).timestamp).sort()
  t.strictSame(
    timestamps,
    rows.map(({ created_at }) => created_at.toISOString()),
    'when it happened, and not when it was sent',
  )
  const shipped = all.received.find(({ body }) => body.includes('order.shipped'))
  t.equal(some.received[0]?.headers['webhook-id'], shipped?.headers['webhook-id'], 'one event, one id')

  await untilOutboxClosed(world)
  for (let time = 0; time < 2; time += 1) {
    await sql`update outbox set closed_at = null, round = round + 1, handovers = 0, handed_over_at = null,
      claimed_until = null, due_at = now() where name in ('deliver-webhook', 'publish-order-event')`
    await sql`notify outbox`
    await untilOutboxClosed(world)
  }
  const counts = [all, some, foreign].map(({ received }) => received.length)
  t.strictSame(counts, [4, 1, 0], 'jobs that are delivered three times have one effect')
  figure(t, `row 3: ${counts[0]} events, each job delivered 3 times: ${counts[0]} requests`)
})

t.test('a partner who stalls delays nobody else', async (t) => {
  const world = await createWorld(t, RECEIVERS_HERE)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const { token } = await registerUser(call)
  let [open, most] = [0, 0]
  const dead = await startReceiver(t, (response) => {
    open += 1
    most = Math.max(most, open)
    response.once('close', () => {
      open -= 1
    })
  })
  const alive = await startReceiver(t)
  const stalling = await makeWebhook(call, { token }, dead.url)
  const answering = await makeWebhook(call, { token }, alive.url)
  await Promise.all(Array.from({ length: STALLED }, () => sendTest(call, token, stalling.id)))
  await startWorkerPod(t, world)
  await until('the stalling one to be called', () => dead.received.length > 0)
  const durations: number[] = []
  for (let n = 0; n < 4; n += 1) {
    const begun = Date.now()
    const id = await sendTest(call, token, answering.id)
    await untilDelivery(call, token, answering.id, id, ({ status }) => status === 'delivered')
    durations.push(Date.now() - begun)
  }
  const slowest = Math.max(...durations)
  // A third less than the time-out of what stalls, for a machine that is busy with other things.
  t.ok(slowest < 10_000, `the slowest of four deliveries beside ${STALLED} that stall: ${slowest} ms`)
  t.ok(most <= 2, `of which two at most are on their way: ${most}`)

  alive.reply(status(500))
  const failed = await sendTest(call, token, answering.id)
  const { nextAttemptAt } = await untilDelivery(
    call,
    token,
    answering.id,
    failed,
    ({ attempts }) => attempts > 0,
  )
  const job = await until('the job', async () => {
    const [row] = await sql`select attempts, due_at from outbox
      where key = ${`deliver-webhook-${failed}-1`} and last_error is not null`
    return row
  })
  t.equal(job['attempts'], 0, 'only faults of ours are the job’s')
  const laterMs = Number(job['due_at']) - Date.parse(nextAttemptAt)
  t.ok(laterMs >= 0 && laterMs < 2_000, `the job comes when the delivery is due: ${laterMs} ms later`)

  figure(t, `beside ${STALLED} deliveries that stall, the slowest of four others arrived in ${slowest} ms`)
  dead.stop()
})
