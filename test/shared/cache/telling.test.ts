import { Redis } from 'ioredis'
import t from 'tap'
import { createInvalidation } from '../../../src/shared/cache/invalidation.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { startOwnRedis } from '../../support/own-redis.js'
import { until } from '../../support/until.js'

const TIMEOUT_MS = 250
const logger = createLogger({ level: 'silent', process: 'test' })

t.test('what several write at once is told before any of them is answered', async (t) => {
  const { url, client } = await startOwnRedis(t)
  const redis = new Redis(url, { commandTimeout: TIMEOUT_MS, enableOfflineQueue: false })
  t.teardown(() => redis.disconnect())
  await until('a connection', () => redis.status === 'ready')
  const { invalidate, isBehind, close } = createInvalidation(redis, 'test', logger, () => {})
  t.teardown(close)
  const write = async (tag: string): Promise<void> => {
    await client.set(`test:cache-tag:${tag}`, 'old')
    await invalidate([tag])
    t.equal(await client.exists(`test:cache-tag:${tag}`), 0, tag)
  }
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map(write))
  t.notOk(isBehind())

  await t.test('and one that took too long keeps none from being tried', async (t) => {
    await client.client('PAUSE', 2 * TIMEOUT_MS)
    await invalidate(['late'])
    t.ok(isBehind(), 'this pod does not trust the cache')
    await client.ping()
    await write('next')
    t.notOk(isBehind(), 'with the next write the late one was told, too')
  })

  await t.test('nor does a Redis that is full', async (t) => {
    await client.set('test:cache-tag:full', 'old')
    await client.config('SET', 'maxmemory', '1')
    await t.rejects(client.set('more', 'x'), { message: /^OOM/ })
    await invalidate(['full'])
    t.equal(await client.exists('test:cache-tag:full'), 0, 'for readers it is gone')
    t.notOk(isBehind())
    await client.config('SET', 'maxmemory', '0')
  })

  await t.test('who closes tells the last changes', async (t) => {
    await client.client('PAUSE', 2 * TIMEOUT_MS)
    await invalidate(['last'])
    t.ok(isBehind())
    await client.ping()
    // The server has done by now what it was asked while it paused: this one it was not told of.
    await client.set('test:cache-tag:last', 'old')
    await close()
    t.equal(await client.exists('test:cache-tag:last'), 0)
    t.notOk(isBehind())
  })
})
