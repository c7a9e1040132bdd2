import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test as TapTest } from 'tap'
import { startLoadGenerator } from '../../comparison/bench/load-generator.js'
import { measureTurn, warmUp } from '../../comparison/bench/rounds.js'
import { startOwnRedis } from '../support/own-redis.js'

const SECONDS = 0.2
/** Before each answer, where it does not matter how many there are: they are dozens then, and not thousands. */
const PAUSE_MS = 3
const CONNECTIONS = 2
/** What the system counts processor time in, at both ends, and what is done beside the turn. */
const CPU_TOLERANCE_MICROSECONDS = 50_000
const BODY = '{"data":{"id":"7"}}'

const ORDER = {
  connections: CONNECTIONS,
  seconds: SECONDS,
  exchanges: [
    { method: 'GET' as const, path: '/things/7', headers: {}, expect: { status: 200, includes: '"id":"7"' } },
  ],
}
const CACHED = { title: 'GET /things/:id', fromCache: true }

/** A server of the test's own, under the benchmark's own load. */
const setTurn = async (t: TapTest) => {
  const { client: redis } = await startOwnRedis(t)
  await redis.set('thing', BODY)
  let answer: RequestListener = () => {}
  let served = 0
  let pauseMs = PAUSE_MS
  const server = createServer(async (request, response) => {
    served += 1
    if (pauseMs > 0) await wait(pauseMs)
    answer(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const target = { id: 'raw' as const, url: `http://127.0.0.1:${address.port}`, pid: process.pid }
  const ledger = process.env['TEST_LEDGER']
  const generator = await startLoadGenerator({ node: process.execPath, pinning: undefined, ledger })
  t.teardown(generator.stop)
  const turn = (listener: RequestListener, scenario = CACHED, pause = PAUSE_MS) => {
    answer = listener
    pauseMs = pause
    served = 0
    return measureTurn({ redis }, generator, target, scenario, ORDER)
  }
  const warm = (listener: RequestListener) => {
    answer = listener
    return warmUp(generator, target, CACHED, ORDER)
  }
  /** Answers as a server does that has asked Redis for this key. */
  const cached =
    (key: string, headers: Record<string, string> = {}): RequestListener =>
    async (_request, response) => {
      await redis.get(key)
      response.writeHead(200, headers).end(BODY)
    }
  return { turn, warm, cached, served: () => served }
}

const answering =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end(body)

const { turn, warm, cached, served } = await setTurn(t)

t.test('a turn counts what was asked, and what that cost the server', async (t) => {
  const before = process.cpuUsage()
  const found = await turn(cached('thing', { 'x-cache': 'HIT' }), CACHED, 0)
  const { user, system } = process.cpuUsage(before)
  t.ok(found.requests > 0 && served() - found.requests <= CONNECTIONS, `${found.requests} of ${served()}`)
  const perSecond = found.requests / found.requestsPerSecond
  t.ok(perSecond >= SECONDS && perSecond < SECONDS + 1, `${perSecond} s`)
  const cost = found.cpuMicroseconds * found.requests
  t.ok(Math.abs(cost - user - system) < CPU_TOLERANCE_MICROSECONDS, `${cost} us of ${user + system}`)
})

t.test('a wrong answer fails a turn, and the turns before that are not counted', async (t) => {
  const uncached = { title: CACHED.title, fromCache: false }
  const wrong: [string, RequestListener, RegExp][] = [
    ['another success', answering(202, BODY), /answered wrongly.*GET \/things\/7: 202/s],
    ['a failure', answering(500, BODY), /answered wrongly.*GET \/things\/7: 500/s],
    ["somebody else's", answering(200, '{"data":{"id":"8"}}'), /answered wrongly.*200 .*"id":"8"/s],
    ['nothing', answering(200, ''), /answered wrongly/],
    ['no answer at all', () => {}, /answered wrongly/],
    ['a connection that breaks', (request) => request.socket.destroy(), /answered wrongly/],
  ]
  for (const [what, listener, message] of wrong) {
    await t.rejects(turn(listener, uncached), { message }, what)
  }
  await t.rejects(warm(answering(200, '{}')), { message: /before it is measured, was answered wrongly/ })

  let count = 0
  const once: RequestListener = (_request, response) => {
    count += 1
    response.end(count === 10 ? '{}' : BODY)
  }
  await t.rejects(turn(once, uncached), { message: /answered wrongly/ }, 'one among many')
  await t.resolves(turn(answering(200, BODY), uncached), 'the right one passes')
})

t.test('a turn of a cached scenario fails when the cache did not answer', async (t) => {
  const message = /was not answered from the cache/
  await t.rejects(turn(answering(200, BODY)), { message }, 'Redis was not asked')
  await t.rejects(turn(cached('another')), { message }, 'Redis did not have it')
  const missed = cached('thing', { 'x-cache': 'MISS' })
  await t.rejects(turn(missed), { message }, 'the answer says so itself, whatever Redis was asked for')
  await t.resolves(turn(cached('thing')), 'not all who cache say so')
})
