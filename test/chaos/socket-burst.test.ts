import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import t from 'tap'
import { createCall, createWorld } from '../support/app.js'
import { registerUser } from '../support/factories.js'
import { figure, percentile, scaled } from '../support/figures.js'
import { startProbe } from '../support/probe.js'
import { startServer } from '../support/process.js'
import { askForSocket, openSocket, recordEvents } from '../support/sockets.js'
import { until } from '../support/until.js'

const USERS = scaled(2, 10)
/** What the pod has room for, whatever the number: one more is refused. */
const SOCKETS_EACH = scaled(30, 800)
/** The least keep the pod busy for some 200 ms: many times as long as the probe waits between two questions. */
const STRANGERS = scaled(90, 2_000)
/** Every request is to be answered by then. */
const ANSWER_MS = 5_000
const IDLE_MS = scaled(1_000, 30_000)

t.test('a burst of clients is answered, and the pod answers everybody else meanwhile', async (t) => {
  const world = await createWorld(t, {
    REALTIME_SOCKETS_PER_USER: String(SOCKETS_EACH),
    REALTIME_SOCKETS_PER_POD: String(USERS * SOCKETS_EACH),
  })
  const server = await startServer(t, world.env)
  const call = createCall(server.url)
  const users = []
  for (let user = 0; user < USERS; user += 1) users.push(await registerUser(call))
  const port = server.log.find(({ msg }) => msg === 'metrics and health are served')?.['port']
  const measure = async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const read = (name: string) => Number(new RegExp(`^${name} ([\\d.e+]+)$`, 'm').exec(text)?.[1])
    return {
      sockets: read('unnest_realtime_sockets'),
      cpuMs: read('process_cpu_seconds_total') * 1_000,
      bytes: read('process_resident_memory_bytes'),
      sent: read('unnest_realtime_events_sent_total'),
    }
  }

  const before = await measure()
  const endProbe = startProbe(t, `${server.url}/livez`)
  const begun = performance.now()
  const opened = Promise.all(
    users.flatMap(({ token }) =>
      Array.from({ length: SOCKETS_EACH }, () => openSocket(t, server.url, { token })),
    ),
  )
  const refused = Promise.all(
    Array.from({ length: STRANGERS }, () => askForSocket(t, server.url, { token: randomUUID() })),
  )
  await Promise.all([opened, refused])
  const times = await endProbe()
  const seconds = (performance.now() - begun) / 1_000
  const sockets = await opened
  for (const { status } of await refused) if (status !== 401) t.equal(status, 401)
  for (const client of sockets) if ((await client.begun()) !== '0') t.fail('begun elsewhere')
  const [first] = users
  const full = await askForSocket(t, server.url, first ?? {})
  t.equal(full.status, 503)
  const after = await measure()
  t.equal(after.sockets, sockets.length)
  const slowest = Math.max(...times)
  t.ok(slowest < ANSWER_MS, `the slowest answer came after ${slowest} ms`)
  figure(
    t,
    `${sockets.length + STRANGERS} handshakes at once, ${STRANGERS} of them refused: ${seconds.toFixed(1)} s, ` +
      `${((after.cpuMs - before.cpuMs) / (sockets.length + STRANGERS)).toFixed(2)} ms of processor time each, ` +
      `${((after.bytes - before.bytes) / 1_024 / sockets.length).toFixed(0)} KB a socket; ` +
      `/livez meanwhile p99 ${percentile(times, 99).toFixed(0)} ms, at most ${slowest.toFixed(0)} ms`,
  )

  const redis = new Redis(world.env['REDIS_URL'] ?? '')
  t.teardown(() => redis.disconnect())
  for (const { id } of users) {
    await recordEvents(world, id, 1)
    await redis.publish(`${world.redisPrefix}:realtime:${id}`, '')
  }
  const told = performance.now()
  await until('all to have it', async () => (await measure()).sent === sockets.length)
  await until('all to have read it', () => sockets.every((client) => client.eventIds().length === 1))
  const idle = await measure()
  figure(
    t,
    `an event for each of them: ${Math.round(performance.now() - told)} ms, ` +
      `${((idle.cpuMs - after.cpuMs) / sockets.length).toFixed(3)} ms of processor time each`,
  )
  const idleFrom = performance.now()
  await until('some time to pass', () => performance.now() - idleFrom > IDLE_MS, IDLE_MS * 2)
  const rest = await measure()
  figure(
    t,
    `their rest: ${((rest.cpuMs - idle.cpuMs) / (IDLE_MS / 1_000)).toFixed(1)} ms of processor time a second`,
  )
})
