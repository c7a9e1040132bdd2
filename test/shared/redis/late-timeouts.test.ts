import t from 'tap'
import { connectRedis, failFast } from '../../../src/shared/cache/redis.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { testServices } from '../../support/environment.js'
import { startProxy } from '../../support/proxy.js'

const TIMEOUT_MS = 100
const logger = createLogger({ level: 'silent', process: 'test' })

/** As a turn of the event loop that has much to do. */
const blockFor = (ms: number): void => {
  const end = performance.now() + ms
  while (performance.now() < end);
}

t.test('a process that was busy for longer than a time-out still hears the answer', async (t) => {
  const { redis, close } = await connectRedis(testServices().redisUrl, 'test', logger, failFast(TIMEOUT_MS))
  t.teardown(close)
  const pings = [redis.ping(), redis.ping()]
  const pipeline = redis.pipeline().ping().exec()
  blockFor(3 * TIMEOUT_MS)
  t.strictSame(await Promise.all(pings), ['PONG', 'PONG'])
  t.strictSame(await pipeline, [[null, 'PONG']])
})

t.test('a Redis that says nothing is given up in time, a busy turn or not', async (t) => {
  const url = new URL(testServices().redisUrl)
  const proxy = await startProxy(t, url)
  url.port = String(proxy.port)
  const { redis, close } = await connectRedis(url.href, 'test', logger, failFast(TIMEOUT_MS))
  t.teardown(close)
  proxy.stall()
  for (const busyMs of [0, 3 * TIMEOUT_MS]) {
    const begun = performance.now()
    const asked = redis.ping()
    blockFor(busyMs)
    await t.rejects(asked, { message: 'Command timed out' })
    const ms = performance.now() - begun - busyMs
    t.ok(ms < 3 * TIMEOUT_MS, `after ${Math.round(ms)} ms`)
  }
})
