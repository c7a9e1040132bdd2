import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { sql as query } from 'drizzle-orm'
import t from 'tap'
import { connectDatabase } from '../../src/shared/database/client.js'
import { withDeadline } from '../../src/shared/deadline.js'
import { createWorld, startPod } from '../support/app.js'
import { createProduct, registerAdmin } from '../support/factories.js'
import { isProblem } from '../support/problem.js'
import { startProxy } from '../support/proxy.js'
import { until } from '../support/until.js'

const POOL = 2
/** Of whoever finds the pool exhausted, and of a little besides. */
const REFUSED_WITHIN_MS = 2_000

t.test('who finds the pool exhausted is refused in time, and the pod lives', async (t) => {
  const world = await createWorld(t, { DATABASE_POOL_MAX: String(POOL) })
  const { call, log } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const mug = await createProduct(call, admin)
  const connection = await world.database.sql.reserve()
  await connection`begin`
  await connection`select from products where id = ${mug.id} for update`
  const body = { items: [{ productId: mug.id, quantity: 1 }] }
  const orders = Array.from({ length: POOL }, () => call('POST', '/v1/orders', { token: admin.token, body }))
  await until('all connections to wait', async () => {
    const waiting = await world.database.sql`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    return waiting.length === POOL
  })
  const refused = call('GET', '/v1/orders', { token: admin.token })
  t.equal((await call('GET', '/livez')).status, 200)
  const answer = await refused
  isProblem(t, answer, { status: 503, code: 'unavailable', instance: '/v1/orders' })
  t.ok(answer.headers.has('retry-after'))
  const line = await until('its line', () =>
    log.find(({ route, status }) => route === '/v1/orders' && status === 503),
  )
  t.ok(Number(line['ms']) < REFUSED_WITHIN_MS, `after ${line['ms']} ms`)
  await connection`commit`
  connection.release()
  // On a slow machine their wait for the lock may be over by now.
  for (const { status } of await Promise.all(orders)) t.ok(status === 201 || status === 503)
  t.equal((await call('GET', '/v1/orders', { token: admin.token })).status, 200, 'as soon as one is free')
})

t.test('whoever waits for a connection has the first that is free, in turn', async (t) => {
  const world = await createWorld(t)
  const { database, load, close } = connectDatabase({
    url: world.database.url,
    poolMax: 1,
    applicationName: 'test',
  })
  t.teardown(close)
  const ended: string[] = []
  const note = (name: string) => () => void ended.push(name)
  const slow = database.execute(query`select pg_sleep(0.3)`).then(note('slow'))
  await until('the slow one to run', () => load().running === 1)
  const second = database.transaction((transaction) => transaction.execute(query`select 1`))
  const waiting = [second.then(note('transaction'))]
  await until('the transaction to wait', () => load().waiting === 1)
  waiting.push(database.execute(query`select 1`).then(note('statement')))
  await until('the statement to wait', () => load().waiting === 2)
  t.ok(load().longestWaitMs > 0)
  await Promise.all([slow, ...waiting])
  t.strictSame(ended, ['slow', 'transaction', 'statement'])
  t.match(load(), { running: 0, waiting: 0, longestRunMs: 0, longestWaitMs: 0 })
})

t.test('a connection that is dead and does not know it is given up for a new one', async (t) => {
  const world = await createWorld(t)
  const url = new URL(world.database.url)
  const proxy = await startProxy(t, url)
  url.port = String(proxy.port)
  const options = { url: url.href, poolMax: 1, applicationName: 'test' }
  const { database, close } = connectDatabase(options)
  t.teardown(close)
  await database.execute(query`select 1`)
  proxy.forget()
  const lost = database.execute(query`select 1`)
  await t.rejects(lost, { cause: { code: 'CONNECTION_CLOSED' } })
  await database.execute(query`select 1`)
  proxy.forget()
  const inTransaction = database.transaction((transaction) => transaction.execute(query`select 1`))
  await t.rejects(inTransaction)
  await database.execute(query`select 1`)
})

t.test('a server that closes at start-up is survived, without a busy loop', async (t) => {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.end()
    socket.resume()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const world = await createWorld(t)
  const env = { ...world.env, DATABASE_URL: `postgres://x:y@127.0.0.1:${port}/z`, DATABASE_POOL_MAX: '1' }
  const { call } = await startPod(t, { ...world, env })
  const before = connections
  const begun = performance.now()
  const cpu = process.cpuUsage()
  isProblem(t, await call('GET', '/v1/products'), { status: 503, code: 'unavailable' })
  t.ok(performance.now() - begun < REFUSED_WITHIN_MS, 'told at once')
  await wait(1_000)
  const { user, system } = process.cpuUsage(cpu)
  t.comment(
    `${connections - before} connections, ${Math.round((user + system) / 1_000)} ms of processor time`,
  )
  t.ok(connections - before < 20, `${connections - before} connections in ${performance.now() - begun} ms`)
})

const message = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}
/** Who logs in is welcome, and may ask. */
const GREETING = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))])
const SHUTTING_DOWN = message(
  'E',
  Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0', 'latin1'),
)

/** Greets and says farewell at once, as a server does that is stopped just then. */
const farewells: Readonly<Record<string, (socket: Socket) => unknown>> = {
  'in one packet': (socket) => socket.end(Buffer.concat([GREETING, SHUTTING_DOWN])),
  'when it is asked the first thing': (socket) => {
    socket.write(GREETING)
    socket.once('data', () => socket.end(SHUTTING_DOWN))
  },
  'without a word when it is asked the first thing': (socket) => {
    socket.write(GREETING)
    socket.once('data', () => socket.end())
  },
}

for (const [when, sayFarewell] of Object.entries(farewells))
  t.test(`a server that greets and closes ${when} is survived`, async (t) => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', note)
    t.teardown(() => process.off('unhandledRejection', note))
    let connections = 0
    const server = createServer((socket) => {
      connections += 1
      socket.on('error', () => {})
      socket.once('data', () => sayFarewell(socket))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
    const { port } = server.address() as AddressInfo
    const url = `postgres://x:y@127.0.0.1:${port}/z`
    const { database, close } = connectDatabase({ url, poolMax: 1, applicationName: 'test' })
    t.teardown(close)
    for (let round = 0; round < 2; round += 1)
      await t.rejects(withDeadline('the answer', REFUSED_WITHIN_MS, database.execute(query`select 1`)), {
        cause: { code: /^(57P01|CONNECTION_CLOSED)$/ },
      })
    await t.rejects(database.transaction((transaction) => transaction.execute(query`select 1`)))
    t.strictSame(unhandled, [], 'which would end the process')
    t.ok(connections <= 4, `${connections} connections`)
  })
