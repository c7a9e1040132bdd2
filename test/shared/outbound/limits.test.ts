import { createServer } from 'node:http'
import { createServer as createRawServer } from 'node:net'
import t from 'tap'
import type { Resolve } from '../../../src/shared/outbound/lookup.js'
import type { Test } from '../../support/environment.js'
import { figure } from '../../support/figures.js'
import { startFullServer } from '../../support/full-server.js'
import { failureOf, openOutbound, post } from '../../support/outbound.js'
import { startPartner } from '../../support/partner.js'
import { until } from '../../support/until.js'

const TIMEOUT_MS = 250
/** For a machine that is busy with other tests. */
const LATE_MS = 2_000

const never: Resolve = () => new Promise(() => {})

/** Where each request gets stuck: its URL, and what the operator is told it waited for. */
const stalls = async (t: Test) => {
  const silent = await startPartner(
    t,
    createRawServer((socket) => socket.resume()),
  )
  const headersOnly = await startPartner(
    t,
    createServer((_request, response) => {
      response.writeHead(200)
      response.flushHeaders()
    }),
  )
  const dripping = await startPartner(
    t,
    createServer((_request, response) => {
      const timer = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(timer))
    }),
  )
  const drippingHeaders = await startPartner(
    t,
    createRawServer((socket) => {
      socket.resume()
      socket.write('HTTP/1.1 200 OK\r\nx-a: ')
      const timer = setInterval(() => socket.write('.'), 20)
      socket.on('close', () => clearInterval(timer))
    }),
  )
  const full = await startFullServer(t)
  return [
    { name: 'connect', url: `http://127.0.0.1:${full.port}/`, waitsFor: 'the connection' },
    { name: 'connect by name', url: `http://a.example:${full.port}/`, waitsFor: 'the connection' },
    { name: 'TLS', url: `https://a.example:${silent.port}/`, waitsFor: 'the TLS handshake', partner: silent },
    { name: 'answer', url: `http://a.example:${silent.port}/`, waitsFor: 'the answer', partner: silent },
    {
      name: 'header drip',
      url: `http://a.example:${drippingHeaders.port}/`,
      waitsFor: 'the answer',
      partner: drippingHeaders,
    },
    {
      name: 'body',
      url: `http://a.example:${headersOnly.port}/`,
      waitsFor: 'the end of the answer',
      partner: headersOnly,
    },
    {
      name: 'body drip',
      url: `http://a.example:${dripping.port}/`,
      waitsFor: 'the end of the answer',
      partner: dripping,
    },
  ]
}

const timed = async <T>(work: Promise<T>): Promise<readonly [T, number]> => {
  const started = performance.now()
  return [await work, performance.now() - started]
}

t.test('one deadline holds for every phase, and says which one it was', async (t) => {
  const outbound = openOutbound(t)
  let slowest = 0
  for (const { name, url, waitsFor, partner } of await stalls(t)) {
    const [error, ms] = await timed(failureOf(outbound, { url, timeoutMs: TIMEOUT_MS }))
    t.equal(error.code, 'timed_out', name)
    t.equal(error.message, `No whole answer within ${TIMEOUT_MS} ms: it waited for ${waitsFor}.`)
    t.ok(ms > TIMEOUT_MS / 2 && ms < TIMEOUT_MS + LATE_MS, `${name}: ${ms} ms`)
    slowest = Math.max(slowest, ms)
    await until(`${name}: the connection to end`, () => (partner?.sockets.size ?? 0) === 0)
  }
  const [error, ms] = await timed(
    failureOf(openOutbound(t, { resolve: never }), { url: 'http://a.example/', timeoutMs: TIMEOUT_MS }),
  )
  t.match(error, { code: 'timed_out', message: /it waited for the name server\.$/ })
  figure(
    t,
    `outbound deadline of ${TIMEOUT_MS} ms: 8 stalls, the slowest given up after ${Math.round(Math.max(slowest, ms))} ms`,
  )
})

t.test('the signal ends each of them at once', async (t) => {
  const outbound = openOutbound(t)
  for (const { name, url, partner } of await stalls(t)) {
    const before = partner?.connections() ?? 0
    const givenUp = new AbortController()
    const failure = failureOf(outbound, { url, signal: givenUp.signal })
    await until(`${name}: to be called`, () => !partner || partner.connections() > before)
    givenUp.abort()
    t.match(await failure, { code: 'aborted' }, name)
    await until(`${name}: the connection to end`, () => (partner?.sockets.size ?? 0) === 0)
  }
  let lookups = 0
  const resolve = async () => {
    lookups += 1
    return ['127.0.0.1']
  }
  const error = await failureOf(openOutbound(t, { resolve }), {
    url: 'http://a.example/',
    signal: AbortSignal.abort(),
  })
  t.match(error, { code: 'aborted' })
  t.equal(lookups, 0, 'what is given up already does not start')
})

t.test('the name server is told that nobody waits any longer', async (t) => {
  let told = false
  const resolve: Resolve = (_hostname, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        told = true
        reject(new Error('cancelled'))
      })
    })
  await failureOf(openOutbound(t, { resolve }), { url: 'http://a.example/', timeoutMs: TIMEOUT_MS })
  t.ok(told)
})

t.test('closing gives up what is under way, and nothing comes after it', async (t) => {
  const partner = await startPartner(t, createServer())
  const url = `http://a.example:${partner.port}/`
  const outbound = openOutbound(t)
  const failures = [failureOf(outbound, { url }), failureOf(outbound, { url })]
  await until('both to be called', () => partner.connections() === 2)
  outbound.close()
  for (const failure of failures) t.match(await failure, { code: 'aborted' })
  await until('the connections to end', () => partner.sockets.size === 0)
  t.match(await failureOf(outbound, { url }), { code: 'aborted' })
  t.equal(partner.connections(), 2)
  outbound.close()
})

t.test('a host that hangs takes its own connections only, and all hosts together have a limit', async (t) => {
  const silent = await startPartner(t, createServer())
  const good = await startPartner(
    t,
    createServer((_request, response) => response.end()),
  )
  const outbound = openOutbound(t, { maxSocketsPerHost: 2, maxSockets: 3, maxWaitMs: LATE_MS })
  const hanging = Array.from({ length: 20 }, () =>
    failureOf(outbound, { url: `http://a.example:${silent.port}/` }),
  )
  await until('its connections to be made', () => silent.connections() === 2)
  const others = Array.from({ length: 20 }, (_, n) =>
    post(outbound, { url: `http://b${n % 4}.example:${good.port}/` }),
  )
  t.ok((await Promise.all(others)).every(({ status }) => status === 200))
  t.equal(silent.connections(), 2)
  const busy = { code: 'busy', message: 'All connections that the host may have are in use.' }
  for (const failure of hanging.slice(2)) t.match(await failure, busy, 'no fault of the host')
  const late = failureOf(outbound, { url: `http://a.example:${silent.port}/` })
  outbound.close()
  for (const failure of [...hanging.slice(0, 2), late]) t.match(await failure, { code: 'aborted' })
  await until('the connections to end', () => silent.sockets.size === 0)
})
