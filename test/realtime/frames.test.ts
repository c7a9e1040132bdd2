import { once } from 'node:events'
import { Registry } from 'prom-client'
import t, { type Test as TapTest } from 'tap'
import { WebSocket } from 'ws'
import { createConnection } from '../../src/realtime/realtime.connection.js'
import { type CloseReason, createRealtimeMetrics } from '../../src/realtime/realtime.metrics.js'
import { createWorld, type Pod, startPod } from '../support/app.js'
import { registerUser } from '../support/factories.js'
import { pairSockets } from '../support/socket-pair.js'
import { openSocket, recordEvents } from '../support/sockets.js'
import { until } from '../support/until.js'

const begin = async (t: TapTest, overrides: Record<string, string> = {}) => {
  const world = await createWorld(t, overrides)
  const pod = await startPod(t, world)
  return { world, pod, ada: await registerUser(pod.call) }
}

const metricsOf = async ({ log }: Pod): Promise<string> => {
  const port = log.find(({ msg }) => msg === 'metrics and health are served')?.['port']
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
}

/** Above that the frames of a flood are not read any more. */
const FLOOD = 2_000

t.test('what no client has to say closes the socket, and the reason is counted', async (t) => {
  const { pod, ada } = await begin(t, { REALTIME_SOCKETS_PER_USER: '20' })
  const open = async () => {
    const client = await openSocket(t, pod.url, { token: ada.token })
    await client.begun()
    return client
  }
  const binary = await open()
  binary.socket.send(Buffer.from('x'))
  t.strictSame(await binary.closed, { code: 1003, reason: 'binary' })
  const large = await open()
  large.socket.send('x'.repeat(1_025))
  t.match(await large.closed, { code: 1009 })
  const parts = await open()
  for (let part = 0; part < 10; part += 1) parts.socket.send('x', { fin: false })
  t.match(await parts.closed, { code: 1008 }, 'a message in too many parts')
  const texts = await open()
  for (let frame = 0; frame < FLOOD; frame += 1) texts.socket.send('x')
  t.strictSame(await texts.closed, { code: 1008, reason: 'flood' })
  const pings = await open()
  for (let frame = 0; frame < FLOOD; frame += 1) pings.socket.ping()
  t.strictSame(await pings.closed, { code: 1008, reason: 'flood' }, 'pings are frames, too')

  const quiet = await open()
  for (let frame = 0; frame < 20; frame += 1) quiet.socket.send('x')
  quiet.socket.close()
  t.match(await quiet.closed, { code: 1005 }, 'some frames are nobody’s harm')

  const text = await until('all to be counted', async () => {
    const seen = await metricsOf(pod)
    return seen.includes('closed_total{reason="client"} 1') && seen
  })
  const counts = { binary: 1, too_large: 1, protocol: 1, flood: 2, client: 1, slow: 0 }
  for (const [reason, count] of Object.entries(counts))
    t.match(text, `unnest_realtime_sockets_closed_total{reason="${reason}"} ${count}\n`)
  t.match(text, 'unnest_realtime_sockets 0\n')
})

t.test('who does not read is cut off before much is kept for him', async (t) => {
  const { world, pod, ada } = await begin(t)
  const slow = await openSocket(t, pod.url, { token: ada.token })
  const quick = await openSocket(t, pod.url, { token: ada.token })
  await Promise.all([slow.begun(), quick.begun()])
  slow.socket.pause()
  const ROUNDS = 20
  // The system's own buffers take some megabytes, whoever reads.
  for (let round = 0; round < ROUNDS && !(await metricsOf(pod)).includes('{reason="slow"} 1'); round += 1) {
    await recordEvents(world, ada.id, 20, 100_000)
    const [row] = await world.database.sql`select last_number::int as last from realtime_streams`
    const hinted = await openSocket(t, pod.url, { token: ada.token })
    await hinted.begun()
    hinted.socket.terminate()
    await until('the other one to have all', () => quick.eventIds().at(-1) === String(row?.['last']))
  }
  t.match(await metricsOf(pod), 'unnest_realtime_sockets_closed_total{reason="slow"} 1\n')
  t.match(await metricsOf(pod), /unnest_realtime_events_sent_total \d{2}/)
  const ids = quick.eventIds()
  t.strictSame(
    ids,
    ids.map((_, at) => String(at + 1)),
    'the one that reads has all, each once',
  )
  slow.socket.resume()
  t.match(await slow.closed, { code: 1006 })
})

/** A connection without a hub around it, and its client. */
const pair = async (t: TapTest, autoPong: boolean) => {
  const { client, socket } = await pairSockets(t, autoPong)
  const reasons: CloseReason[] = []
  const connection = createConnection({
    socket,
    principal: { userId: 'somebody', sessionId: 'a session', role: 'user' },
    tokenExpiresAt: Number.POSITIVE_INFINITY,
    lastNumber: undefined,
    metrics: createRealtimeMetrics(new Registry(), () => 1),
    onClosed: (reason) => reasons.push(reason),
  })
  return { client, socket, connection, reasons }
}

t.test('a socket that gives no sign of life between two heartbeats is cut off', async (t) => {
  const now = performance.now()
  const dead = await pair(t, false)
  dead.connection.beat(now + 1_000)
  t.equal(dead.socket.readyState, WebSocket.OPEN, 'it is not asked yet')
  const asked = once(dead.client, 'ping')
  dead.connection.beat(now + 30_000)
  await asked
  dead.connection.beat(now + 31_000)
  t.equal(dead.socket.readyState, WebSocket.OPEN, 'it has time to answer')
  dead.connection.beat(now + 56_000)
  await until('the end', () => dead.reasons.length > 0)
  t.strictSame(dead.reasons, ['silent'])

  const live = await pair(t, true)
  for (const ms of [30_000, 56_000, 82_000]) {
    const answered = once(live.socket, 'pong')
    live.connection.beat(now + ms)
    await answered
  }
  t.equal(live.socket.readyState, WebSocket.OPEN)
})

t.test('what comes behind that for which a socket is closed is not read for long', async (t) => {
  const { client, socket, reasons } = await pair(t, true)
  let read = 0
  socket.on('message', () => {
    read += 1
  })
  client.send(Buffer.from('x'))
  for (let frame = 0; frame < FLOOD; frame += 1) client.send('x'.repeat(1_000))
  await until('the end', () => reasons.length > 0)
  t.strictSame(reasons, ['binary'])
  t.ok(read < FLOOD / 2, `${read} frames`)
})
