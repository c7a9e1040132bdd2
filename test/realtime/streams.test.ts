import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { createCrowd, nth } from '../support/crowd.js'
import { createProduct } from '../support/factories.js'
import { insertUser } from '../support/outbox.js'
import { openSocket, recordEvents } from '../support/sockets.js'
import { until } from '../support/until.js'
import { createWorkerCradle } from '../support/worker-cradle.js'

/** Of one world, in which each test has users of its own. */
const world = await createWorld(t)
const { sql } = world.database
const { database, cradle } = createWorkerCradle(t, world)
const { realtimeService } = cradle

const numbered = (key: string, occurredAt = new Date()) => ({
  key,
  type: 'order.placed',
  occurredAt: occurredAt.toISOString(),
  data: { key },
})

const gate = () => {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

t.test('what commits later has the higher number: a reader in between misses nothing', async (t) => {
  const { id: userId } = await insertUser(world)
  const read = async (after: number) => (await realtimeService.readStreams([{ userId, after }]))[0]
  const [hold, held] = [gate(), gate()]

  const slow = database.transaction(async (transaction) => {
    await realtimeService.recordEvents(transaction, userId, [numbered('slow')])
    held.open()
    await hold.opened
  })
  await held.opened
  const quick = database.transaction((transaction) =>
    realtimeService.recordEvents(transaction, userId, [numbered('quick')]),
  )
  await until('the second one to wait for the first', async () => {
    const [row] = await sql`select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    return row?.['waiting'] > 0
  })
  t.strictSame(await read(0), { last: 0, events: [] }, 'no number is seen while one below it is not')
  hold.open()
  await Promise.all([slow, quick])
  const reading = await read(0)
  t.equal(reading?.last, 2)
  t.match(reading?.events, [
    { number: 1, data: { key: 'slow' } },
    { number: 2, data: { key: 'quick' } },
  ])
  t.match(await read(1), { last: 2, events: [{ number: 2 }] })
})

t.test('many at once get all numbers, each once, and so does whoever reads meanwhile', async (t) => {
  const { id: userId } = await insertUser(world)
  const WRITERS = 5
  const EACH = 20
  let isWriting = true
  const seen: number[] = []
  const readOn = async () => {
    for (;;) {
      const wasWriting = isWriting
      const [reading] = await realtimeService.readStreams([{ userId, after: seen.at(-1) ?? 0 }])
      seen.push(...(reading?.events ?? []).map(({ number }) => number))
      if (!wasWriting) return
    }
  }
  const reading = readOn()
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let round = 0; round < EACH; round += 1) {
        const again = numbered(`${writer}-${Math.max(0, round - 1)}`)
        const fails = round % 7 === 3
        await database
          .transaction(async (transaction) => {
            const events = [again, numbered(`${writer}-${round}`)]
            await realtimeService.recordEvents(transaction, userId, round === 0 ? events.slice(1) : events)
            if (fails) throw new Error('changed my mind')
          })
          .catch((error) => {
            if (!fails) throw error
          })
      }
    }),
  )
  isWriting = false
  await reading
  t.strictSame(
    seen,
    seen.map((_, at) => at + 1),
    'in order, without a gap, and no rolled back number is left out',
  )
  const keys = await sql`select key from realtime_events where user_id = ${userId}`
  t.equal(keys.length, WRITERS * EACH, 'each once; what was rolled back came with the next one')
  t.equal(seen.length, keys.length)
})

t.test('old events before the one that is told are left out; the one itself never is', async (t) => {
  const { id: userId } = await insertUser(world)
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000)
  const record = (...events: ReturnType<typeof numbered>[]) =>
    database.transaction((transaction) => realtimeService.recordEvents(transaction, userId, events))
  await record(numbered('old', hoursAgo(25)), numbered('young', hoursAgo(23)), numbered('late', hoursAgo(25)))
  const rows = await sql`select key from realtime_events
    where user_id = ${userId} order by number`
  t.strictSame(
    rows.map(({ key }) => key),
    ['young', 'late'],
  )
  await database.transaction((transaction) =>
    realtimeService.recordEvents(transaction, userId, [numbered('overtaken', hoursAgo(25))], true),
  )
  const [row] = await sql`select count(*)::int as events from realtime_events
    where user_id = ${userId}`
  t.equal(row?.['events'], 2, 'but for one behind which others came, which may be told and deleted')
})

t.test('jobs that overtake each other tell of an order in its order', async (t) => {
  const { app, call, url } = await startPod(t, world)
  const admin = nth(await createCrowd(world, app, 1, 'admin'), 0)
  const ada = nth(await createCrowd(world, app, 1), 0)
  const product = await createProduct(call, admin)
  /** Its first job is done an hour later. */
  const placeAndConfirm = async (): Promise<string> => {
    const { body } = await call('POST', '/v1/orders', {
      token: ada.token,
      body: { items: [{ productId: product.id, quantity: 1 }] },
    })
    await call('POST', `/v1/orders/${body.data.id}/confirm`, { token: admin.token })
    await sql`update outbox set due_at = now() + interval '1 hour' where key = ${firstJobOf(body.data.id)}`
    return body.data.id
  }
  const firstJobOf = (id: string): string => `publish-order-event-${id}-1`
  const doFirstJobOf = async (id: string): Promise<void> => {
    await sql`update outbox set due_at = now() where key = ${firstJobOf(id)}`
    await until('the first job to be done', async () => {
      const [row] = await sql`select closed_at, failure from outbox where key = ${firstJobOf(id)}`
      return row?.['closed_at'] !== null && row?.['failure'] === null
    })
  }
  const orderId = await placeAndConfirm()
  const oldId = await placeAndConfirm()
  const client = await openSocket(t, url, { token: ada.token, lastEventId: '0' })
  const { stop } = await startWorkerPod(t, world)
  const events = await client.untilEvents(4)
  t.strictSame(client.eventIds(), ['1', '2', '3', '4'])
  for (const id of [orderId, oldId]) {
    const own = events.filter(({ data }) => data['orderId'] === id)
    t.match(own, [
      { type: 'order.placed', data: { status: 'placed', previousStatus: null, version: 1 } },
      { type: 'order.confirmed', data: { previousStatus: 'placed', version: 2 } },
    ])
  }
  await doFirstJobOf(orderId)
  await sql`update order_events set created_at = now() - interval '25 hours' where order_id = ${oldId}`
  await sql`delete from realtime_events where data->>'orderId' = ${oldId}`
  await doFirstJobOf(oldId)
  await stop()
  const again = await openSocket(t, url, { token: ada.token })
  t.equal(
    await again.begun(),
    '4',
    'their events were told before, and deleted or not they are not told again',
  )
})

t.test('what was missed is sent first; where that is too much or gone, a reset says so', async (t) => {
  const { app, url } = await startPod(t, world)
  const crowd = await createCrowd(world, app, 2)
  const [ada, bob] = [nth(crowd, 0), nth(crowd, 1)]
  await recordEvents(world, ada.id, 210)
  const openAt = (lastEventId: string) => openSocket(t, url, { token: ada.token, lastEventId })

  const some = await openAt('205')
  t.equal((await some.untilEvents(5)).length, 5)
  t.match(some.messages[0], { type: 'ready', id: '205' })
  t.strictSame(some.eventIds(), ['206', '207', '208', '209', '210'])
  const most = await openAt('10')
  await most.untilEvents(200)
  t.match(most.messages[0], { type: 'ready', id: '10' })
  t.strictSame(
    most.eventIds(),
    Array.from({ length: 200 }, (_, at) => String(at + 11)),
  )
  const none = await openAt('210')
  t.equal(await none.begun(), '210')

  const tooFar = await openAt('9')
  await tooFar.begun()
  t.strictSame(tooFar.messages, [{ type: 'reset', id: '210' }], 'more than two hundred')
  const ahead = await openAt('211')
  await ahead.begun()
  t.strictSame(ahead.messages, [{ type: 'reset', id: '210' }], 'an id that this stream does not have')
  await sql`delete from realtime_events where user_id = ${ada.id} and number <= 206`
  const gone = await openAt('205')
  await gone.begun()
  t.strictSame(gone.messages, [{ type: 'reset', id: '210' }], 'cleared away meanwhile')
  const kept = await openAt('206')
  await kept.untilEvents(4)
  t.match(kept.messages[0], { type: 'ready', id: '206' })

  const other = await openSocket(t, url, { token: bob.token })
  t.equal(await other.begun(), '0', 'another user has a stream of his own')
})
