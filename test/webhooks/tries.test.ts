import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { actionsOf } from '../support/audit.js'
import { registerUser } from '../support/factories.js'
import { isProblem } from '../support/problem.js'
import { type Receiver, startReceiver, status } from '../support/receiver.js'
import {
  createTries,
  makeWebhook,
  RECEIVERS_HERE,
  readDelivery,
  sendTest,
  verify,
} from '../support/webhooks.js'

const HOUR_MS = 3_600_000
/** The schedule of the specification, written down once more: milliseconds before the second to the tenth try. */
const SCHEDULE_MS = [5_000, 300_000, 1_800_000, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR_MS)]

const isAbout = (ms: number, expectedMs: number, share = 0): boolean =>
  Math.abs(ms - expectedMs) < 4_500 + expectedMs * share
const msUntil = (instant: string): number => Date.parse(instant) - Date.now()
const lastOf = ({ received }: Receiver) => {
  const last = received.at(-1)
  if (!last) throw new Error('nothing came')
  return last
}

t.test('a try of a delivery', async (t) => {
  const world = await createWorld(t, RECEIVERS_HERE)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const { id: userId, token } = await registerUser(call)
  const tryOnce = createTries(t, world)
  const receiver = await startReceiver(t)

  /** A webhook of its own and a test event for it, which no worker takes. */
  const prepare = async () => {
    const webhook = await makeWebhook(call, { token }, receiver.url)
    const deliveryId = await sendTest(call, token, webhook.id)
    const read = () => readDelivery(call, token, webhook.id, deliveryId)
    return { ...webhook, deliveryId, read }
  }
  const letTimePass = (id: string) =>
    sql`update webhook_deliveries set next_attempt_at = now() where id = ${id}`

  await t.test('that arrives is recorded, and sent once however often it is asked for', async (t) => {
    receiver.reply((response) => response.end('x'.repeat(3_000)))
    const { id, secret, deliveryId, read } = await prepare()
    const before = receiver.received.length
    t.match(await read(), { status: 'pending', attempts: 0, log: [] })
    for (let time = 0; time < 3; time += 1) t.equal(await tryOnce(deliveryId), undefined)
    t.equal(receiver.received.length, before + 1)
    const delivery = await read()
    t.match(delivery, { status: 'delivered', failure: null, attempts: 1, nextAttemptAt: null })
    t.match(delivery.log, [{ number: 1, status: 200, error: null, durationMs: Number }])
    t.equal(delivery.log[0].answer.length, 1_024, 'the first KB of the answer')
    const received = lastOf(receiver)
    t.equal(received.headers['webhook-id'], delivery.messageId)
    t.equal(received.body, delivery.body)
    t.match(verify(secret, received), { type: 'webhook.test', timestamp: String, data: { webhookId: id } })
    t.throws(() => verify(secret, { ...received, body: received.body.replace('test', 'tent') }))
  })

  await t.test('that fails comes again by the schedule, ten times in all', async (t) => {
    receiver.reply(status(500))
    const { id, deliveryId, read } = await prepare()
    const before = receiver.received.length
    for (const delayMs of SCHEDULE_MS) {
      const outcome = await tryOnce(deliveryId)
      t.match(outcome, { name: 'RetryLater', message: /unexpected_status/ })
      await sql`update webhook_endpoints set open_until = null where id = ${id}`
      const { status: state, nextAttemptAt } = await read()
      t.equal(state, 'pending')
      const inMs = msUntil(nextAttemptAt)
      t.ok(isAbout(inMs, delayMs, 0.1), `${delayMs} ms: ${nextAttemptAt}`)
      t.ok(isAbout(outcome?.delayMs ?? 0, inMs), 'the job and the delivery say the same')
      t.match(
        await tryOnce(deliveryId),
        { name: 'Postponed', message: /time has not come/ },
        'and not before',
      )
      await letTimePass(deliveryId)
    }
    t.equal(await tryOnce(deliveryId), undefined, 'the job is over')
    t.match(await read(), { status: 'failed', failure: 'tries_exhausted', attempts: 10, nextAttemptAt: null })
    t.equal(await tryOnce(deliveryId), undefined)
    const sent = receiver.received.slice(before)
    t.equal(sent.length, 10)
    t.equal(new Set(sent.map(({ headers }) => headers['webhook-id'])).size, 1, 'one message, ten times')
    t.equal(new Set(sent.map(({ body }) => body)).size, 1)
  })

  await t.test('that is answered with a redirect has failed, and follows nothing', async (t) => {
    const elsewhere = await startReceiver(t)
    receiver.reply(status(307, { location: elsewhere.url }))
    const { deliveryId, read } = await prepare()
    t.match(await tryOnce(deliveryId), { message: /redirect/ })
    t.match(await read(), { status: 'pending', log: [{ status: 307, error: 'redirect' }] })
    t.equal(elsewhere.received.length, 0)
  })

  await t.test('that is answered with 410 ends it, and disables the webhook', async (t) => {
    receiver.reply(status(410))
    const { id, deliveryId, read } = await prepare()
    const waiting = await sendTest(call, token, id)
    t.equal(await tryOnce(deliveryId), undefined)
    t.match(await read(), { status: 'failed', failure: 'gone', attempts: 1 })
    const webhook = await call('GET', `/v1/webhooks/${id}`, { token })
    t.match(webhook.body.data, { enabled: false, disabledReason: 'gone' })
    t.equal((await actionsOf(world, userId)).at(-1), 'webhook.disabled')
    const sent = receiver.received.length
    t.equal(await tryOnce(waiting), undefined)
    const ended = await readDelivery(call, token, id, waiting)
    t.match(ended, { status: 'failed', failure: 'webhook_disabled', attempts: 0 })
    t.equal(receiver.received.length, sent, 'nothing more is sent')
    const disabled = { status: 409, code: 'webhook_disabled' }
    isProblem(t, await call('POST', `/v1/webhooks/${id}/test`, { token }), disabled)
    const redelivery = `/v1/webhooks/${id}/deliveries/${deliveryId}/redeliver`
    isProblem(t, await call('POST', redelivery, { token }), disabled)
    const again = await call('PATCH', `/v1/webhooks/${id}`, { token, body: { enabled: true } })
    t.match(again.body.data, { enabled: true, disabledReason: null })
  })

  await t.test('waits as long as a Retry-After asks, within a day, and so does all else', async (t) => {
    const waits: [string, number, number][] = [
      ['120', 429, 120_000],
      [new Date(Date.now() + 600_000).toUTCString(), 503, 600_000],
      ['99999999', 503, 24 * HOUR_MS],
    ]
    for (const [retryAfter, code, delayMs] of waits) {
      receiver.reply(status(code, { 'retry-after': retryAfter }))
      const { id, deliveryId, read } = await prepare()
      const outcome = await tryOnce(deliveryId)
      t.equal(outcome?.name, 'RetryLater')
      t.ok(isAbout(outcome?.delayMs ?? 0, delayMs), `${retryAfter}: ${outcome?.delayMs}`)
      t.ok(isAbout(msUntil((await read()).nextAttemptAt), delayMs))
      const otherId = await sendTest(call, token, id)
      const other = await tryOnce(otherId)
      t.equal(other?.name, 'Postponed')
      t.ok(isAbout(other?.delayMs ?? 0, delayMs), `${retryAfter}: ${other?.delayMs}`)
      const { nextAttemptAt } = await readDelivery(call, token, id, otherId)
      t.ok(isAbout(msUntil(nextAttemptAt), delayMs), nextAttemptAt)
    }
    receiver.reply(status(500, { 'retry-after': '120' }))
    const { deliveryId } = await prepare()
    t.ok(isAbout((await tryOnce(deliveryId))?.delayMs ?? 0, 5_000), 'others have no say in it')
  })

  await t.test('that gets no answer says why', async (t) => {
    receiver.reply((response) => response.destroy())
    const { deliveryId, read } = await prepare()
    t.match(await tryOnce(deliveryId), { message: /connection_failed/ })
    t.match((await read()).log, [{ status: null, error: 'connection_failed', answer: '' }])
  })

  await t.test('can be had again by hand, under the same message id', async (t) => {
    receiver.reply(status(200))
    const { id, deliveryId, read } = await prepare()
    await tryOnce(deliveryId)
    const sent = receiver.received.length
    const path = `/v1/webhooks/${id}/deliveries/${deliveryId}/redeliver`
    const answer = await call('POST', path, { token })
    t.equal(answer.status, 202)
    t.match(answer.body.data, { id: deliveryId, status: 'pending', attempts: 1, endedAt: null })
    t.equal(await tryOnce(deliveryId, 1), undefined)
    t.equal(receiver.received.length, sent, 'the job of the first round does nothing any more')
    t.equal(await tryOnce(deliveryId, 2), undefined)
    t.match(await read(), { status: 'delivered', attempts: 2, log: [{ number: 2 }, { number: 1 }] })
    const ids = receiver.received.slice(sent - 1).map(({ headers }) => headers['webhook-id'])
    t.equal(ids.length, 2)
    t.equal(new Set(ids).size, 1)
    const headers = { 'idempotency-key': 'again' }
    const third = await call('POST', path, { token, headers })
    t.match(third.body.data, { status: 'pending', attempts: 2 })
    await tryOnce(deliveryId, 3)
    const repeated = await call('POST', path, { token, headers })
    t.match([repeated.status, repeated.text], [202, third.text], 'by its key once')
    t.match(await read(), { status: 'delivered', attempts: 3 })
    const unknown = path.replace(deliveryId, '00000000-0000-7000-8000-000000000000')
    isProblem(t, await call('POST', unknown, { token }), { status: 404, code: 'delivery_not_found' })
  })

  await t.test('is listed with the others, by status and page by page', async (t) => {
    receiver.reply(status(200))
    const { id, deliveryId } = await prepare()
    const others = [await sendTest(call, token, id), await sendTest(call, token, id)].reverse()
    await tryOnce(deliveryId)
    const list = async (query: string) =>
      (await call('GET', `/v1/webhooks/${id}/deliveries${query}`, { token })).body
    const idsIn = ({ data }: { data: { id: string }[] }) => data.map((delivery) => delivery.id)
    t.strictSame(idsIn(await list('?status=delivered')), [deliveryId])
    t.strictSame(idsIn(await list('?status=pending')), others)
    const first = await list('?limit=2')
    t.strictSame(idsIn(first), others, 'newest first')
    t.match(first.data, [{ lastAttempt: null }, { lastAttempt: null }])
    const rest = await list(`?limit=2&cursor=${first.meta.nextCursor}`)
    t.strictSame(idsIn(rest), [deliveryId])
    t.match(rest.data, [{ lastAttempt: { number: 1, status: 200 } }])
  })

  await t.test('of what was deleted sends nothing', async (t) => {
    const { id, deliveryId } = await prepare()
    const sent = receiver.received.length
    t.equal((await call('DELETE', `/v1/webhooks/${id}`, { token })).status, 204)
    t.equal(await tryOnce(deliveryId), undefined)
    t.equal(receiver.received.length, sent)
  })

  await t.test(
    'during a rotation is signed with both secrets, and a day later with the new one',
    async (t) => {
      receiver.reply(status(200))
      const { id, secret: old, deliveryId } = await prepare()
      const rotated = await call('POST', `/v1/webhooks/${id}/rotate-secret`, { token })
      const { secret } = rotated.body.data
      await tryOnce(deliveryId)
      const during = lastOf(receiver)
      t.match(verify(old, during), { type: 'webhook.test' })
      t.match(verify(secret, during), { type: 'webhook.test' })
      t.equal(during.headers['webhook-signature']?.split(' ').length, 2)
      await sql`update webhook_endpoints set previous_secret_expires_at = now() where id = ${id}`
      await tryOnce(await sendTest(call, token, id))
      t.match(verify(secret, lastOf(receiver)), { type: 'webhook.test' })
      t.throws(() => verify(old, lastOf(receiver)), /No matching signature/)
    },
  )
})
