import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import t, { type Test as TapTest } from 'tap'
import { createProduct, registerAdmin, registerUser } from './support/factories.js'
import { startServer } from './support/process.js'
import { openSocket } from './support/sockets.js'
import { until } from './support/until.js'
import { createCall, createWorld } from './support/world.js'

/** Far below the keep-alive time of 65 s and the grace of 10 s that a hanging step would take. */
const PROMPT_MS = 3_000
const RAISE_ON_SIGNAL = 'data:text/javascript,process.on("SIGWINCH",()=>{throw new Error("raised")})'
const REJECT_ON_SIGNAL =
  'data:text/javascript,process.on("SIGWINCH",()=>{Promise.reject(new Error("raised"))})'

/** A server lives once: what it does when it ends is seen on as few of them as have to end in another way. */
const world = await createWorld(t)

/** A connection that has had its answer and is kept open. */
const openIdleConnection = async (t: TapTest, url: string) => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
  const [answer] = await once(socket, 'data')
  t.match(String(answer), /^HTTP\/1.1 200/)
  return socket
}

/** The first answer of what came on a connection, by the length that it gives, and what came behind it. */
const splitAnswer = (received: string) => {
  const [head = ''] = received.split('\r\n\r\n', 1)
  const begin = head.length + 4
  const end = begin + Number(/^content-length: (\d+)$/im.exec(head)?.[1])
  return { head, body: received.slice(begin, end), rest: received.slice(end) }
}

/** Orders for the product wait until the returned function is called. */
const holdProduct = async (id: string) => {
  const connection = await world.database.sql.reserve()
  await connection`begin`
  await connection`select from products where id = ${id} for update`
  const untilAwaited = (orders: number) =>
    until('the orders to wait', async () => {
      const [row] = await world.database.sql`select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      return row?.['waiting'] === orders
    })
  const release = async () => {
    await connection`commit`
    connection.release()
  }
  return { untilAwaited, release }
}

const orderOf = (productId: string) => ({ items: [{ productId, quantity: 1 }] })

/** Asks over the agent's connections: whether they are kept is for the server to say. */
const ask = (agent: Agent, url: string, token = '', order = '') =>
  new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const options = order ? { agent, method: 'POST', headers } : { agent }
    const sent = request(`${url}${order ? '/v1/orders' : '/livez'}`, options, (response) => {
      response.resume()
      resolve({ status: response.statusCode, connection: response.headers.connection })
    })
    sent.on('error', reject)
    sent.end(order)
  })

/** Two connections on which no request has come, and half of one; the server has seen both. */
const openUnused = async (t: TapTest, url: string) => {
  const silent = connect(Number(new URL(url).port), '127.0.0.1')
  const halfway = connect(Number(new URL(url).port), '127.0.0.1')
  for (const socket of [silent, halfway]) {
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    await once(socket, 'connect')
  }
  halfway.write('GET /livez HTT')
  // An answer on a later connection says that the server has seen the earlier ones.
  t.equal((await createCall(url)('GET', '/livez')).status, 200)
}

/** Sends a request on a connection of its own, which takes another one meanwhile. */
const sendAlone = (
  t: TapTest,
  url: string,
  path: string,
  { token, body }: Record<'token' | 'body', string>,
) => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  return { socket, received: () => received }
}

t.test('on a signal', async (t) => {
  const server = await startServer(t, world.env)
  const call = createCall(server.url)
  const admin = await registerAdmin(call, world)
  const mug = await createProduct(call, admin)
  const idle = await openIdleConnection(t, server.url)
  await openUnused(t, server.url)
  const { untilAwaited, release } = await holdProduct(mug.id)
  const { token } = admin
  const ordering = call('POST', '/v1/orders', { token, body: orderOf(mug.id) })
  const body = JSON.stringify(orderOf(mug.id))
  const { socket, received } = sendAlone(t, server.url, '/v1/orders', { token, body })
  await untilAwaited(2)

  server.kill('SIGTERM')
  await once(idle, 'close')
  await t.rejects(fetch(`${server.url}/livez`), 'nobody is let in any more')
  socket.write('GET /v1/nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n')
  const closed = once(socket, 'close')
  await release()
  const released = performance.now()
  const { status } = await ordering
  const code = await server.exit
  const took = performance.now() - released
  await closed

  await t.test('the API answers what it has in hand, then ends', async (t) => {
    t.equal(status, 201)
    t.equal(code, 0)
    t.equal(server.stderr(), '')
    const [row] = await world.database.sql`select count(*)::int as orders from orders`
    t.equal(row?.['orders'], 2)
  })
  await t.test('what comes on a busy connection meanwhile is answered in full or not at all', async (t) => {
    const { head, rest } = splitAnswer(received())
    t.match(head, /^HTTP\/1.1 201/)
    if (rest === '') return
    const second = splitAnswer(rest)
    t.match(second.head, /^HTTP\/1.1 404.*application\/problem\+json/s)
    t.match(JSON.parse(second.body), { status: 404 })
    t.equal(second.rest, '')
  })
  await t.test('connections without a request do not hold it up', async (t) => {
    t.ok(took < PROMPT_MS, `${took} ms`)
  })
})

t.test('while it drains it is not ready and still works', async (t) => {
  const server = await startServer(t, { ...world.env, READINESS_DRAIN_MS: '2000', SHUTDOWN_GRACE_MS: '3000' })
  const call = createCall(server.url)
  const ada = await registerUser(call)
  const deaf = await openSocket(t, server.url, ada)
  await deaf.begun()
  deaf.socket.pause()
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write(
    'POST /v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"em',
  )
  // Answered on a later connection: the request is begun by then.
  t.equal((await call('GET', '/readyz')).status, 200)
  server.kill('SIGTERM')
  const notReady = await until('a refusal of traffic', async () => {
    const answer = await call('GET', '/readyz')
    return answer.status === 503 && answer
  })
  t.match(notReady.body, { code: 'unavailable' })
  t.ok(notReady.headers.get('retry-after'))
  t.equal((await call('GET', '/livez')).status, 200)
  t.ok((await registerUser(call)).token, 'also for who comes new')
  await t.test(
    'a request that never comes whole, and a deaf WebSocket, do not keep it from ending well',
    async (t) => {
      t.equal(await server.exit, 0)
      t.notMatch(server.log, [{ msg: 'could not shut down in time' }])
    },
  )
})

t.test('while it drains, each answer tells its client to come back on another connection', async (t) => {
  const server = await startServer(t, { ...world.env, READINESS_DRAIN_MS: '60000' })
  const call = createCall(server.url)
  const admin = await registerAdmin(call, world)
  const mug = await createProduct(call, admin)
  const idle = await openIdleConnection(t, server.url)
  const { untilAwaited, release } = await holdProduct(mug.id)
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const inHand = ask(agent, server.url, admin.token, JSON.stringify(orderOf(mug.id)))
  await untilAwaited(1)
  server.kill('SIGTERM')
  await server.untilLogged('shutting down')
  await release()
  t.match(await inHand, { status: 201, connection: 'close' }, 'what was in hand')
  t.match(await ask(agent, server.url), { status: 200, connection: 'close' }, 'on a new connection')
  idle.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
  const [answer] = await once(idle, 'data')
  t.match(String(answer), /^HTTP\/1.1 200 OK\r\n.*connection: close\r\n/is, 'on one of before')
  await once(idle, 'close')
  await t.test('a second signal ends it at once', async (t) => {
    const begun = performance.now()
    server.kill('SIGINT')
    t.equal(await server.exit, 1)
    t.ok(performance.now() - begun < PROMPT_MS)
  })
})

t.test('errors that nobody handles end the process in order, with 1, whenever they come', async (t) => {
  const env = { ...world.env, READINESS_DRAIN_MS: '1000' }
  const UNHANDLED = 'unhandled error, shutting down'
  for (const [raise, signal, begun, errors] of [
    [RAISE_ON_SIGNAL, 'SIGWINCH', UNHANDLED, 2],
    [REJECT_ON_SIGNAL, 'SIGWINCH', UNHANDLED, 2],
    [RAISE_ON_SIGNAL, 'SIGTERM', 'shutting down', 1],
  ] as const) {
    const server = await startServer(t, env, ['--import', raise])
    server.kill(signal)
    await server.untilLogged(begun)
    server.kill('SIGWINCH')
    if (begun === UNHANDLED) {
      // The first that anybody sends: what is in hand has its time all the same.
      server.kill('SIGTERM')
      await server.untilLogged('shutting down already')
    }
    t.equal(await server.exit, 1)
    t.ok(await server.untilLogged('bye'))
    const seen = server.log.filter(({ msg }) => msg === UNHANDLED)
    t.match(seen, Array(errors).fill({ level: 60, err: { message: 'raised' } }))
    t.equal(seen.length, errors)
  }
})

t.test('the second signal after such an error ends the process at once', async (t) => {
  const env = { ...world.env, READINESS_DRAIN_MS: '10000' }
  const server = await startServer(t, env, ['--import', RAISE_ON_SIGNAL])
  server.kill('SIGWINCH')
  await server.untilLogged('unhandled error, shutting down')
  server.kill('SIGTERM')
  await server.untilLogged('shutting down already')
  const begun = performance.now()
  server.kill('SIGINT')
  t.equal(await server.exit, 1)
  t.ok(performance.now() - begun < PROMPT_MS)
  t.notOk(server.log.some(({ msg }) => msg === 'bye'))
})
