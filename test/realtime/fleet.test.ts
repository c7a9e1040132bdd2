import { Redis } from 'ioredis'
import t from 'tap'
import { streamTag } from '../../src/shared/realtime/hints.js'
import { type Call, createCall, createWorld, startPod, startWorkerPod } from '../support/app.js'
import { createCrowd, type Member, nth } from '../support/crowd.js'
import { createProduct, registerUser } from '../support/factories.js'
import { startServer } from '../support/process.js'
import { createPrivateRedis } from '../support/redis.js'
import { startRoundRobin } from '../support/round-robin.js'
import { logIn, sessionIdOf } from '../support/sessions.js'
import { askForSocket, openSocket } from '../support/sockets.js'
import { until } from '../support/until.js'
import { formOf, pngLike, pngOf, upload } from '../support/uploads.js'

/*
 * Two pods, one of them a process that is told to stop in the end, behind a balancer that sends each request and each socket to
 * the next one, and a worker. All tests share them, each with users of its own.
 */

/** Far below the half minute after which a socket is looked after without a hint. */
const HINTED_MS = 5_000

const redis = await createPrivateRedis(t)
await redis.start()
const world = await createWorld(t, { REDIS_URL: redis.url, READINESS_DRAIN_MS: '500' })
const [server, pod] = [await startServer(t, world.env), await startPod(t, world)]
await startWorkerPod(t, world)
const url = await startRoundRobin(t, [server.url, pod.url])
const call = createCall(url)
const admin = nth(await createCrowd(world, pod.app, 1, 'admin'), 0)
const product = await createProduct(call, admin)

const createBuyer = async (): Promise<Member> => nth(await createCrowd(world, pod.app, 1), 0)

const placeOrder = async (call: Call, buyer: Member): Promise<string> => {
  const body = { items: [{ productId: product.id, quantity: 1 }] }
  const answer = await call('POST', '/v1/orders', { token: buyer.token, body })
  if (answer.status !== 201) throw new Error(`no order: ${answer.text}`)
  return answer.body.data.id
}

t.test('a user hears of his own events on each pod, whoever made them', async (t) => {
  const [ada, bob] = [await createBuyer(), await createBuyer()]
  const sockets = [
    await openSocket(t, url, { token: ada.token }),
    await openSocket(t, url, { protocols: ['bearer', ada.token] }),
  ]
  const other = await openSocket(t, url, { token: bob.token })
  for (const client of [...sockets, other]) await client.begun()

  const orderId = await placeOrder(call, ada)
  for (const client of sockets) await client.untilEvents(1, HINTED_MS)
  await call('POST', `/v1/orders/${orderId}/confirm`, { token: admin.token })
  for (const client of sockets) {
    const events = await client.untilEvents(2, HINTED_MS)
    t.match(events, [
      {
        id: '1',
        type: 'order.placed',
        data: { orderId, status: 'placed', previousStatus: null, version: 1 },
      },
      { id: '2', type: 'order.confirmed', data: { orderId, status: 'confirmed', version: 2 } },
    ])
    t.notMatch(JSON.stringify(events), admin.id, 'not who did it')
  }
  const good = await upload(call, ada, formOf(await pngOf()))
  const bad = await upload(call, ada, formOf(pngLike(500)))
  const uploadIds = [good.body.data.id, bad.body.data.id]
  for (const client of sockets) {
    const [, , ...states] = await client.untilEvents(4)
    t.strictSame(states.map(({ data }) => data['uploadId']).sort(), uploadIds.sort())
    t.strictSame(states.map(({ type }) => type).sort(), ['upload.failed', 'upload.ready'])
  }

  const [gone] = sockets
  gone?.socket.terminate()
  await call('POST', `/v1/orders/${orderId}/cancel`, { token: ada.token })
  const back = await openSocket(t, url, { token: ada.token, lastEventId: '3' })
  await back.untilEvents(2, HINTED_MS)
  t.strictSame(back.eventIds(), ['4', '5'], 'what was missed comes first, on the next pod')
  t.match(back.messages.at(-1), { type: 'order.cancelled' })
  t.strictSame(other.messages, [{ type: 'ready', id: '0' }], 'and nobody else hears a word')
})

t.test('a session that ends closes its sockets on every pod within five seconds', async (t) => {
  const ada = await registerUser(call)
  const { token } = await logIn(call, ada)
  const sockets = [await openSocket(t, url, { token }), await openSocket(t, url, { token })]
  const stays = await openSocket(t, url, { token: ada.token })
  for (const client of [...sockets, stays]) await client.begun()
  const begun = performance.now()
  t.equal((await call('POST', '/v1/auth/logout', { token })).status, 204)
  for (const client of sockets) t.strictSame(await client.closed, { code: 4002, reason: 'session_ended' })
  t.ok(performance.now() - begun < 5_000)
  t.equal((await askForSocket(t, url, { token })).status, 401, 'and does not come back')
  t.equal(stays.socket.readyState, stays.socket.OPEN, 'another session of the user goes on')
})

t.test('an expired token closes the socket, and says to renew it', async (t) => {
  const ada = await createBuyer()
  const claims = { sub: ada.id, sid: sessionIdOf(ada.token), role: 'user' as const }
  const token = pod.app.jwt.sign(claims, { expiresIn: 2 })
  const client = await openSocket(t, url, { token })
  t.equal(await client.begun(), '0')
  t.strictSame(await client.closed, { code: 4001, reason: 'token_expired' })
})

t.test('a hint that nobody gets costs time alone', async (t) => {
  const away = await createPrivateRedis(t)
  // The pod's Redis is away from the beginning; the worker has another one.
  const { call, url } = await startPod(t, { ...world, env: { ...world.env, REDIS_URL: away.url } })
  const ada = await createBuyer()
  const client = await openSocket(t, url, { token: ada.token })
  await client.begun()
  await placeOrder(call, ada)
  const begun = performance.now()
  await client.untilEvents(1)
  t.ok(performance.now() - begun < 10_000)
})

t.test('Redis dies in between: nothing is lost, and it comes when Redis is back', async (t) => {
  const ada = await createBuyer()
  const client = await openSocket(t, server.url, { token: ada.token })
  await client.begun()
  await placeOrder(call, ada)
  await client.untilEvents(1)
  await redis.stop()
  const late = await openSocket(t, pod.url, { token: ada.token })
  t.equal(await late.begun(), '1', 'a socket opens without it')
  for (let order = 0; order < 3; order += 1) await placeOrder(call, ada)
  await redis.start()
  for (const each of [client, late]) await each.untilEvents(each === client ? 4 : 3, 30_000)
  const asking = new Redis(redis.url)
  t.teardown(() => asking.disconnect())
  const channel = `${world.redisPrefix}:${streamTag(ada.id)}`
  await until('both pods to follow the user again', async () => {
    const [, followers] = await asking.pubsub('NUMSUB', channel)
    return followers === 2
  })
  await placeOrder(call, ada)
  for (const each of [client, late]) await each.untilEvents(each === client ? 5 : 4, HINTED_MS)
  t.strictSame(client.eventIds(), ['1', '2', '3', '4', '5'])
  t.strictSame(late.eventIds(), ['2', '3', '4', '5'])
})

t.test('a pod that stops sends its sockets away with 1012 and a time to come back', async (t) => {
  const call = createCall(server.url)
  const ada = await createBuyer()
  const clients = await Promise.all(
    Array.from({ length: 5 }, () => openSocket(t, server.url, { token: ada.token })),
  )
  for (const client of clients) await client.begun()
  const deaf = await openSocket(t, server.url, { token: ada.token })
  await deaf.begun()
  deaf.socket.pause()
  const begun = performance.now()
  server.kill('SIGTERM')
  await until('the pod to be not ready', async () => (await call('GET', '/readyz')).status === 503)
  const late = await askForSocket(t, server.url, { token: ada.token })
  t.match(late, { status: 503, body: { code: 'unavailable' } }, 'no new ones while it drains')
  const delays = new Set<number>()
  for (const client of clients) {
    t.strictSame(await client.closed, { code: 1012, reason: 'restarting' })
    const last = client.messages.at(-1)
    t.match(last, { type: 'reconnect', afterMs: Number })
    if (last?.type === 'reconnect' && 'afterMs' in last) delays.add(last.afterMs)
  }
  t.ok(delays.size > 1, 'not all at once')
  t.ok([...delays].every((ms) => ms >= 0 && ms <= 10_000))
  t.equal(await server.exit, 0)
  t.ok(performance.now() - begun < 5_000, 'one that does not answer keeps nobody waiting')
  t.equal(server.stderr(), '')
})
