import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { PassThrough } from 'node:stream'
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import { Registry } from 'prom-client'
import t from 'tap'
import { registerErrorHandler } from '../../../src/shared/http/error-handler.js'
import { registerLoadShedding } from '../../../src/shared/http/load-shedding.js'
import { registerRequestLog } from '../../../src/shared/http/request-log.js'
import { registerTrace } from '../../../src/shared/http/trace.js'
import { createShedding } from '../../../src/shared/limits/shedding.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { type Answer, createCall, createWorld, startPod } from '../../support/app.js'
import type { Test } from '../../support/environment.js'
import { createProduct, registerAdmin } from '../../support/factories.js'
import { until } from '../../support/until.js'

/** So many are let in however late the loop is, and three times as many of those that are not cheap to ask again. */
const LEAST = 256
const AT_LEAST_FOR_EACH_CONNECTION = 8
const AT_MOST_FOR_EACH_CONNECTION = 20
/** That somebody waits for a connection. */
const TOO_LONG_MS = 101
const TRACE_ID = 'a'.repeat(32)
const REFUSED = { code: 'unavailable', detail: /^Too much is going on/ }
const block = (ms: number): void => {
  for (const begun = performance.now(); performance.now() - begun < ms; );
}

t.test(
  'fewer are let in for as long as there is a wait, never fewer than can be, and more again later',
  (t) => {
    const shedding = createShedding({ targetMs: 100, least: 10, most: 20 })
    const open = { low: false, normal: false, high: false }
    const full = () => ({
      low: shedding.isFull('low'),
      normal: shedding.isFull('normal'),
      high: shedding.isFull('high'),
    })
    const enter = (count: number): void => {
      for (let index = 0; index < count; index += 1) shedding.enter()
    }
    enter(19)
    t.strictSame(full(), open)
    shedding.look(101)
    t.strictSame(full(), { ...open, low: true }, 'of 19 four fifths may be there')
    for (let look = 0; look < 20; look += 1) shedding.look(101)
    enter(1)
    t.strictSame(full(), { ...open, low: true })
    enter(10)
    t.strictSame(full(), { ...open, low: true, normal: true })
    for (let gone = 0; gone < 21; gone += 1) shedding.leave()
    t.strictSame(full(), open, 'nine may stay, whatever the wait is')
    enter(1)
    t.strictSame(full(), { ...open, low: true })
    shedding.look(100)
    t.strictSame(full(), open)
    enter(10)
    for (let look = 0; look < 20; look += 1) shedding.look(0)
    t.strictSame(full(), { ...open, low: true }, 'nor ever more than at most')
    t.end()
  },
)

const createApp = async (t: Test) => {
  const app = Fastify()
  t.teardown(() => {
    open()
    return app.close()
  })
  const registry = new Registry()
  registerErrorHandler(app)
  registerLoadShedding(app, {
    load: () => ({ longestWaitMs: 0 }),
    poolMax: 100,
    cacheEnabled: false,
    registry,
  })
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  let waiting = 0
  const wait = async () => {
    waiting += 1
    await gate
    return { fine: true }
  }
  app.get('/list', wait)
  app.post('/write', async () => ({ fine: true }))
  app.post('/slow-write', wait)
  app.get('/livez', { config: { access: 'public', priority: 'high' } }, async () => ({ fine: true }))
  app.get('/busy', { config: { access: 'public', priority: 'high' } }, async () => block(150))
  const url = await app.listen({ port: 0 })
  return { url, call: createCall(url), registry, open, waiting: () => waiting }
}

t.test('a late event loop refuses what is cheap to ask again, and only what is too much', async (t) => {
  const { call, registry, open, waiting } = await createApp(t)
  const inHand = Array.from({ length: LEAST }, () => call('GET', '/list'))
  await until('all to be in hand', () => waiting() === LEAST)
  await call('GET', '/busy')
  const refused = await until('one to be refused', async () => {
    const more = call('GET', '/list')
    const answer = await Promise.race([more, call('GET', '/livez').then(() => undefined)])
    if (answer === undefined) inHand.push(more)
    return answer
  })
  t.equal(refused.status, 503)
  t.match(refused.body, REFUSED)
  t.equal(refused.headers.get('retry-after'), '1')
  t.equal((await call('POST', '/write', { body: {} })).status, 200)
  t.equal((await call('GET', '/livez')).status, 200)
  t.match(await registry.metrics(), 'unnest_http_shed_total{by="loop",priority="low"} 1')
  open()
  for (const { status } of await Promise.all(inHand)) t.equal(status, 200)
  t.equal((await call('GET', '/list')).status, 200, 'with room again')
})

/** Requests that keep the loop at work until some other is refused. */
const refuseBeside = async (
  t: Test,
  startOne: (app: Awaited<ReturnType<typeof createApp>>) => Promise<number | undefined>,
): Promise<void> => {
  const app = await createApp(t)
  const { call, open, waiting } = app
  const inHand = Array.from({ length: LEAST }, () => startOne(app))
  await until('all to be in hand', () => waiting() === LEAST)
  await call('GET', '/busy')
  let refused = 0
  const oneMore = async () => {
    const { status } = await call('GET', '/list')
    if (status === 503) refused += 1
    return status
  }
  await until('one to be refused', () => {
    // More at a time than are let in again between two looks.
    for (let more = 0; more < 10; more += 1) inHand.push(oneMore())
    return refused > 0
  })
  open()
  await Promise.all(inHand)
}

t.test('a write counts once its body is there', (t) =>
  refuseBeside(t, async ({ call }) => (await call('POST', '/slow-write', { body: {} })).status),
)

t.test('a body that nobody waits for hides no read from the count', (t) => {
  const listWithBody = ({ url }: { readonly url: string }) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': '2' }
      const asked = httpRequest(`${url}/list`, { headers, agent: false }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      asked.once('error', reject).end('{}')
    })
  return refuseBeside(t, listWithBody)
})

t.test('who reads slowly what a handler sends keeps no place at the pool', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  registerErrorHandler(app)
  const needs = {
    load: () => ({ longestWaitMs: 0 }),
    poolMax: 1,
    cacheEnabled: false,
    registry: new Registry(),
  }
  registerLoadShedding(app, needs).guardPool()
  app.get('/file', async (_request, reply) => {
    const file = new PassThrough()
    file.write('its beginning')
    return reply.send(file)
  })
  app.get('/list', async () => ({ fine: true }))
  const url = await app.listen({ port: 0 })
  const reading = new AbortController()
  t.teardown(() => reading.abort())
  for (let file = 0; file < AT_MOST_FOR_EACH_CONNECTION; file += 1) {
    const { status } = await fetch(`${url}/file`, { signal: reading.signal })
    t.equal(status, 200)
  }
  t.equal((await createCall(url)('GET', '/list')).status, 200)
})

t.test(
  'of those who arrive at once no more get in than there are places; nothing is done for the others',
  async (t) => {
    const log: Record<string, unknown>[] = []
    const destination = { write: (line: string) => void log.push(JSON.parse(line)) }
    const loggerInstance: FastifyBaseLogger = createLogger({ level: 'info', process: 'api', destination })
    const app = Fastify({
      loggerInstance,
      logController: new LogController({ disableRequestLogging: true }),
    })
    t.teardown(() => app.close())
    registerErrorHandler(app)
    registerRequestLog(app)
    let looks = 0
    const load = () => {
      looks += 1
      return { longestWaitMs: TOO_LONG_MS }
    }
    const needs = { load, poolMax: 1, cacheEnabled: false, registry: new Registry() }
    registerLoadShedding(app, needs).guardPool()
    registerTrace(app)
    let guarded = 0
    // Like the access guard it waits for something, and its handler has not begun when the others arrive.
    app.addHook('onRequest', async () => {
      guarded += 1
      await new Promise(setImmediate)
    })
    const done = new AbortController()
    t.teardown(() => done.abort())
    app.get('/list', async () => {
      if (!done.signal.aborted) await once(done.signal, 'abort')
      return { fine: true }
    })
    const call = createCall(await app.listen({ port: 0 }))
    await until('the wait to be seen', () => looks > 0)

    const refused: Answer[] = []
    const asked = Array.from({ length: 50 }, async () => {
      const answer = await call('GET', '/list', {
        headers: { traceparent: `00-${TRACE_ID}-${'b'.repeat(16)}-01` },
      })
      if (answer.status === 503) refused.push(answer)
      return answer.status
    })
    const surplus = asked.length - AT_LEAST_FOR_EACH_CONNECTION
    await until('the surplus to be refused', () => refused.length === surplus)
    t.equal(guarded, AT_LEAST_FOR_EACH_CONNECTION)
    const lines = log.filter(({ msg }) => msg === 'request refused')
    t.equal(lines.length, surplus)
    t.ok(
      lines.every(({ traceId, route }) => traceId === TRACE_ID && route === '/list'),
      'each has its line, in its trace',
    )
    for (const { headers, body } of refused.slice(0, 3)) {
      t.match(body, { ...REFUSED, status: 503, instance: '/list', requestId: headers.get('x-request-id') })
      t.match(headers.get('content-type'), /^application\/problem\+json/)
      t.equal(headers.get('cache-control'), 'no-store')
    }
    done.abort()
    const served = (await Promise.all(asked)).filter((status) => status === 200)
    t.equal(served.length, AT_LEAST_FOR_EACH_CONNECTION)
  },
)

t.test(
  'a long line for connections refuses reads before writes, and not what needs no connection',
  async (t) => {
    const world = await createWorld(t, { DATABASE_POOL_MAX: '2', LOG_LEVEL: 'warn' })
    const { sql } = world.database
    const { call, log } = await startPod(t, world)
    const admin = await registerAdmin(call, world)
    const mug = await createProduct(call, admin)
    const kept = () => call('GET', `/v1/products/${mug.id}`)
    await until('the mug to be kept', async () => (await kept()).headers.get('x-cache') === 'HIT')

    const lock = await sql.reserve()
    await lock`begin`
    await lock`lock table products in access exclusive mode`
    const asked: Promise<unknown>[] = []
    let refused: Answer | undefined
    const list = async (): Promise<Answer> => {
      const answer = await call('GET', `/v1/products?maxPrice=${asked.length}`)
      if (/Too much is going on/.test(answer.text)) refused ??= answer
      return answer
    }
    await until('a list to be refused', () => {
      for (let more = 0; more < 4; more += 1) asked.push(list())
      return refused !== undefined
    })
    t.match(refused, { status: 503, body: REFUSED })
    t.ok(refused?.headers.get('retry-after'))
    t.equal((await kept()).status, 200, 'the cache needs no connection')
    t.equal((await call('GET', '/livez')).status, 200)
    await lock`rollback`
    lock.release()
    await Promise.all(asked)
    await until('all to be as before', async () => (await list()).status === 200)
    t.ok(
      log.some(({ msg, status }) => msg === 'request refused' && status === 503),
      'each has its line',
    )
  },
)
