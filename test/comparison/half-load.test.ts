import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { toMeasure } from '../../comparison/bench/half-load.js'
import { percentileOf, runPaced } from '../../comparison/bench/paced.js'
import { halfLoadTable } from '../../comparison/bench/report/tables.js'
import type { HalfLoadResult, PacedMeasure } from '../../comparison/bench/results.js'

const SECONDS = 0.6
const RATE = 100
/** Long enough for what is due meanwhile to pile up behind it, on one connection. */
const PAUSE_MS = 250
const FOREVER_MS = 30_000
/** Its time, and what it waits for the last answers. */
const LIMIT_MS = 5_000

const order = (url: string) => ({
  url,
  connections: 1,
  seconds: SECONDS,
  exchanges: [{ method: 'GET' as const, path: '/', headers: {}, expect: { status: 200, includes: 'right' } }],
})

/** A server that gives one answer late and all others at once. */
const startServer = async (t: Test, { lateAnswer = 0, pauseMs = PAUSE_MS, body = 'right' }) => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    setTimeout(() => response.end(body), asked === lateAnswer ? pauseMs : 0).unref()
  })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked }
}

t.test('what a pause of the server keeps waiting is counted from when it was due', async (t) => {
  const { url } = await startServer(t, { lateAnswer: 10 })
  const { offered, p50, p99, faults } = await runPaced(order(url), RATE)
  t.strictSame(faults, [])
  t.ok(offered >= RATE * SECONDS - 1 && offered <= RATE * SECONDS + 1, `${offered} were due`)
  // With the next request sent only after the answer, one time of sixty would show the pause.
  t.ok(p99 >= PAUSE_MS, `p99 ${p99}`)
  t.ok(p50 < p99, `p50 ${p50}`)
  t.not(p50, Math.round(p50), 'fractions of a millisecond')
})

t.test('a wrong answer is a fault', async (t) => {
  const { url } = await startServer(t, { body: 'wrong' })
  const { requests, faults } = await runPaced(order(url), RATE)
  t.equal(requests, 0)
  t.match(faults[0], /GET \/: 200 wrong/)
})

t.test('a server that stands still is not waited for', async (t) => {
  const { url, asked } = await startServer(t, { lateAnswer: 1, pauseMs: FOREVER_MS })
  const begun = performance.now()
  const { requests, offered, faults } = await runPaced(order(url), RATE)
  t.ok(performance.now() - begun < LIMIT_MS)
  t.equal(requests, 0)
  t.ok(offered >= RATE * SECONDS - 1, 'what was due is told all the same')
  t.strictSame(faults, [], 'nothing was answered wrongly')
  t.equal(asked(), 1, 'what waited for the connection never comes')
})

t.test('who falls behind does not keep up; what is on its way at the end is no falling behind', async (t) => {
  const report = { offered: 400, seconds: 4, p50: 1, p99: 2, misses: 0, faults: [] as string[] }
  t.equal(toMeasure('ours', 100, { ...report, requests: 390 }).keptUp, true)
  t.equal(toMeasure('ours', 100, { ...report, requests: 360 }).keptUp, false)
  const wrong = { ...report, faults: ['GET /: 503'] }
  t.throws(() => toMeasure('ours', 100, { ...wrong, requests: 399 }), /ours answered wrongly:\nGET/)
  t.equal(
    toMeasure('ours', 100, { ...wrong, requests: 100 }).keptUp,
    false,
    'and may refuse what it cannot do',
  )
})

t.test('percentiles', async (t) => {
  const values = Array.from({ length: 200 }, (_, n) => n + 1)
  t.equal(percentileOf(values, 50), 100)
  t.equal(percentileOf(values, 99), 198)
  t.equal(percentileOf([3, 1, 2], 50), 2)
  t.equal(percentileOf([], 99), 0)
})

const turn = (p99: number, keptUp = true): PacedMeasure => ({
  keptUp,
  requestsPerSecond: 100,
  p50: 1.234,
  p99,
})

t.test('who cannot serve the rate has no times to compare', async (t) => {
  const result: HalfLoadResult = {
    title: 'GET /x',
    connections: 50,
    rate: 100,
    candidates: [
      { id: 'ours', rounds: [turn(2.5), turn(4.25), turn(3)] },
      { id: 'nest-express', rounds: [turn(9), turn(900, false), turn(900, false)] },
      { id: 'nest-fastify', rounds: [turn(9), turn(900, false), turn(8)] },
    ],
  }
  const [ours, express, fastify] = halfLoadTable(result).rows
  t.strictSame(ours, ['Unnest', '100 (100 to 100)', '1.23 (1.23 to 1.23)', '3.00 (2.50 to 4.25)'])
  t.strictSame(express?.slice(2), ['cannot serve this rate', 'cannot serve this rate'])
  t.equal(fastify?.[3], '9.00 (8.00 to 900.00)', 'one round may have been disturbed')
})
