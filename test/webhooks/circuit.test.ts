import type { ServerResponse } from 'node:http'
import t from 'tap'
import { createSecretKey } from '../../dev/keys.js'
import { createWorld, startPod } from '../support/app.js'
import { registerUser } from '../support/factories.js'
import { post } from '../support/outbound.js'
import { startReceiver, status } from '../support/receiver.js'
import { until } from '../support/until.js'
import { createTries, makeWebhook, RECEIVERS_HERE, readDelivery, sendTest } from '../support/webhooks.js'
import { createWorkerCradle } from '../support/worker-cradle.js'

const FAILURES_TO_OPEN = 5

t.test('the circuit of an endpoint, which all workers share', async (t) => {
  const world = await createWorld(t, RECEIVERS_HERE)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const { id: userId, token } = await registerUser(call)
  const tryOnce = createTries(t, world)
  const tryElsewhere = createTries(t, world)
  const receiver = await startReceiver(t)

  const prepare = async (deliveries: number) => {
    const { id } = await makeWebhook(call, { token }, receiver.url)
    const ids: string[] = []
    for (let n = 0; n < deliveries; n += 1) ids.push(await sendTest(call, token, id))
    return { id, ids }
  }
  const fail = async (ids: readonly string[]) => {
    receiver.reply(status(500))
    for (const id of ids) t.match(await tryOnce(id), { name: 'RetryLater' })
  }
  const letTimePass = async (id: string) => {
    await sql`update webhook_endpoints set open_until = now() where id = ${id}`
    await sql`update webhook_deliveries set next_attempt_at = now() where endpoint_id = ${id} and status = 'pending'`
  }
  /** Answers nobody until it is told to. */
  const stall = () => {
    const held: ServerResponse[] = []
    receiver.reply((response) => held.push(response))
    return { held, answer: () => held.splice(0).map((response) => response.end()) }
  }

  await t.test('opens after five failures in a row, longer each time', async (t) => {
    const { id, ids } = await prepare(FAILURES_TO_OPEN + 2)
    await fail(ids.slice(0, FAILURES_TO_OPEN))
    const sent = receiver.received.length
    const [sixth = '', seventh = ''] = ids.slice(FAILURES_TO_OPEN)
    const postponed = await tryElsewhere(sixth)
    t.equal(postponed?.name, 'Postponed', 'the other worker knows')
    t.ok(Number(postponed?.delayMs) > 25_000 && Number(postponed?.delayMs) < 32_000, `${postponed?.delayMs}`)
    t.equal(receiver.received.length, sent, 'nothing is sent')
    const held = await readDelivery(call, token, id, sixth)
    t.match(held, { status: 'pending', attempts: 0 }, 'no try is counted')
    const lateMs = Date.parse(held.nextAttemptAt) - Date.now() - Number(postponed?.delayMs)
    t.ok(Math.abs(lateMs) < 2_000, `it says when it will be tried: ${lateMs} ms off`)
    const unseen = await readDelivery(call, token, id, seventh)
    const inMs = Date.parse(unseen.nextAttemptAt) - Date.now()
    t.ok(inMs > 25_000 && inMs <= 30_000, `and so does one whose turn has not come: ${inMs}`)
    await letTimePass(id)
    t.match(await tryElsewhere(sixth), { name: 'RetryLater' }, 'one is tried')
    const longer = await tryOnce(seventh)
    t.ok(Number(longer?.delayMs) > 55_000 && Number(longer?.delayMs) < 62_000, `${longer?.delayMs}`)
  })

  await t.test('lets one through when the time is over, and all when that has arrived', async (t) => {
    const { id, ids } = await prepare(FAILURES_TO_OPEN + 3)
    await fail(ids.slice(0, FAILURES_TO_OPEN))
    await letTimePass(id)
    const [probe = '', second = '', third = ''] = ids.slice(FAILURES_TO_OPEN)
    const { held, answer } = stall()
    const probing = tryOnce(probe)
    await until('the probe', () => held.length === 1)
    t.match(await tryElsewhere(second), { name: 'Postponed' })
    answer()
    t.equal(await probing, undefined)
    receiver.reply(status(200))
    t.strictSame(await Promise.all([tryOnce(second), tryElsewhere(third)]), [undefined, undefined])
  })

  await t.test('lets two through at once while it is closed, and each has one try at a time', async (t) => {
    const { ids } = await prepare(3)
    const [first = '', second = '', third = ''] = ids
    const { held, answer } = stall()
    const going = [tryOnce(first), tryElsewhere(second)]
    await until('both', () => held.length === 2)
    t.match(await tryElsewhere(first), { name: 'Postponed', message: /in hand/ })
    t.match(await tryOnce(third), { name: 'Postponed' })
    answer()
    t.strictSame(await Promise.all(going), [undefined, undefined])
    receiver.reply(status(200))
    t.equal(await tryOnce(third), undefined)
  })

  await t.test('is looked at the more seldom the more waits, thousands too', async (t) => {
    const { id, ids } = await prepare(1)
    await sql`
      with messages as (
        insert into webhook_messages (id, user_id, event_id, type, body)
        select gen_random_uuid(), ${userId}, 'crowd-' || n, 'order.placed', '{}' from generate_series(1, 3000) as n
        returning id
      )
      insert into webhook_deliveries (id, message_id, endpoint_id, claimed_until)
      select gen_random_uuid(), id, ${id}, case when row_number() over () <= 2 then now() + interval '1 minute' end
      from messages`
    const waits: number[] = []
    for (let n = 0; n < 20; n += 1) waits.push((await tryOnce(ids[0] ?? ''))?.delayMs ?? 0)
    const [least, most] = [Math.min(...waits), Math.max(...waits)]
    // Of 0 to 120 s; that twenty of them are below 60 happens once in a million times.
    t.ok(most > 60_000 && most < 121_000, `3000 wait ${least} to ${most} ms`)
    await sql`update webhook_deliveries set claimed_until = null where endpoint_id = ${id}`
  })

  await t.test('is not held by a worker that died', async (t) => {
    const { ids } = await prepare(1)
    await sql`update webhook_deliveries set claimed_until = now() + interval '20 seconds' where id = ${ids[0] ?? ''}`
    t.match(await tryOnce(ids[0] ?? ''), { name: 'Postponed' })
    await sql`update webhook_deliveries set claimed_until = now() where id = ${ids[0] ?? ''}`
    t.equal(await tryOnce(ids[0] ?? ''), undefined)
  })

  await t.test('ends with the webhook disabled after five days of nothing but failures', async (t) => {
    const { id, ids } = await prepare(2)
    const [first = '', second = ''] = ids
    const webhook = async () => (await call('GET', `/v1/webhooks/${id}`, { token })).body.data
    await sql`update webhook_endpoints set consecutive_failures = 8, failing_since = now() - interval '5 days'
      where id = ${id}`
    await fail([first])
    t.match(await webhook(), { enabled: true }, 'nine are too few')
    await letTimePass(id)
    await fail([second])
    t.match(await webhook(), { enabled: false, disabledReason: 'failing' })
    await letTimePass(id)
    t.equal(await tryOnce(first), undefined)
    const ended = await readDelivery(call, token, id, first)
    t.match(ended, { status: 'failed', failure: 'webhook_disabled', attempts: 1 })
  })

  await t.test('has nothing to do with faults of ours', async (t) => {
    const { id, ids } = await prepare(1)
    const [deliveryId = ''] = ids
    const env = { ...world.env, WEBHOOK_SECRET_KEYS: createSecretKey() }
    const tryWithoutKey = createTries(t, { ...world, env })
    t.match(await tryWithoutKey(deliveryId), { name: 'UnreadableSecretError' })
    t.match(await readDelivery(call, token, id, deliveryId), { status: 'pending', attempts: 0 })
    receiver.reply(status(200))
    t.equal(await tryOnce(deliveryId), undefined, 'its place is free again')
  })

  await t.test('has nothing to do with a host whose connections others hold', async (t) => {
    const { cradle } = createWorkerCradle(t, world)
    const { id, ids } = await prepare(1)
    const [deliveryId = ''] = ids
    const { held, answer } = stall()
    const others = Array.from({ length: 8 }, () => post(cradle.outbound, { url: receiver.url }))
    await until('the others', () => held.length === 8)
    const busy = cradle.triesService.tryDelivery({ deliveryId, round: 1 })
    await t.rejects(busy, { name: 'Postponed', message: /connections that the host may have/ })
    t.match(await readDelivery(call, token, id, deliveryId), { status: 'pending', attempts: 0, log: [] })
    const [endpoint] =
      await sql`select consecutive_failures as failures from webhook_endpoints where id = ${id}`
    t.equal(endpoint?.['failures'], 0)
    answer()
    await Promise.all(others)
    receiver.reply(status(200))
    t.equal(await tryOnce(deliveryId), undefined, 'its place at the endpoint is free again')
  })

  await t.test('is closed by another address and by enabling, and by nothing else', async (t) => {
    const { id, ids } = await prepare(FAILURES_TO_OPEN)
    await fail(ids)
    const isOpen = async () =>
      (await sql`select open_until > now() as open from webhook_endpoints where id = ${id}`)[0]?.['open']
    const change = async (body: object) => {
      const { status: code } = await call('PATCH', `/v1/webhooks/${id}`, { token, body })
      t.equal(code, 200)
      return isOpen()
    }
    t.equal(await change({ description: 'Stock keeping', events: ['order.shipped'] }), true)
    t.equal(await change({ enabled: false }), true)
    t.equal(await change({ enabled: true }), null)
    await sql`update webhook_endpoints set open_until = now() + interval '1 minute' where id = ${id}`
    t.equal(await change({ url: `${receiver.url}/new` }), null)
  })
})

t.test('all endpoints of one owner have eight places, however many look for one at once', async (t) => {
  const world = await createWorld(t, RECEIVERS_HERE)
  const { call } = await startPod(t, world)
  const { token } = await registerUser(call)
  const workers = Array.from({ length: 4 }, () => createTries(t, world))
  const held: ServerResponse[] = []
  const receiver = await startReceiver(t, (response) => held.push(response))
  const endpoints = await Promise.all(
    Array.from({ length: 20 }, (_, n) => makeWebhook(call, { token }, `${receiver.url}/${n}`)),
  )
  const deliveries = await Promise.all(endpoints.map(({ id }) => sendTest(call, token, id)))
  let sentAway = 0
  const tries = deliveries.map(async (id, n) => {
    const outcome = await workers[n % workers.length]?.(id)
    if (outcome?.name === 'Postponed') sentAway += 1
  })
  await until('each to be on its way or sent away', () => held.length + sentAway === deliveries.length)
  t.equal(held.length, 8)
  for (const response of held) response.end()
  await Promise.all(tries)
})
