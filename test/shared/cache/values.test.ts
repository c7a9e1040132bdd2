import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
import t, { type Test as TapTest } from 'tap'
import { z } from 'zod'
import { createCache } from '../../../src/shared/cache/cache.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { createWorld } from '../../support/app.js'
import { testServices } from '../../support/environment.js'
import { until } from '../../support/until.js'

const AT_ONCE = 50

const policy = {
  name: 'numbers',
  ttlSeconds: 60,
  staleSeconds: 10,
  tags: ['numbers'],
  schema: z.object({ n: z.int() }),
}

const setUp = async (t: TapTest, enabled = true) => {
  const { redisPrefix } = await createWorld(t)
  const redis = new Redis(testServices().redisUrl)
  const logger = createLogger({ level: 'silent', process: 'test' })
  const cache = createCache({ redis, prefix: redisPrefix, logger, registry: new Registry(), enabled })
  t.teardown(async () => {
    await cache.close()
    redis.disconnect()
  })
  await until('the server to be known', () => cache.find('anything', policy))
  let loads = 0
  const key = `${redisPrefix}:cache:value:n`
  return {
    redis,
    key,
    keys: () => redis.keys(`${redisPrefix}:*`),
    loads: () => loads,
    read: () =>
      cache.wrap('n', policy, async () => {
        loads += 1
        return { n: loads }
      }),
    entry: async () => (await redis.get(key)) ?? '',
    crowd: async (read: () => Promise<{ n: number }>) =>
      (await Promise.all(Array.from({ length: AT_ONCE }, read))).map(({ n }) => n),
  }
}

t.test('of all that want a value in one turn when its time is over, one loads it', async (t) => {
  const { redis, key, read, entry, crowd, loads } = await setUp(t)
  await read()
  const text = await until('it to be kept', async () => (await entry()) || undefined)
  await redis.set(key, text.replace(/^(2 \d+) \d+/, `$1 ${Date.now() - 1}`), 'KEEPTTL')
  const got = await crowd(read)
  t.equal(loads(), 2, 'one load more')
  t.equal(got.filter((n) => n === 2).length, 1, 'which is whose it was')
  t.ok(
    got.every((n) => n === 1 || n === 2),
    'the others had the old one',
  )
  await until('the new one to be kept', async () => (await entry()).endsWith('{"n":2}'))
  t.strictSame(await read(), { n: 2 })
})

t.test('a value that cannot be read is a miss for one of all who find it, and is replaced', async (t) => {
  const { redis, key, read, entry, crowd, loads } = await setUp(t)
  await read()
  const text = await until('it to be kept', async () => (await entry()) || undefined)
  const bodyOf = (body: string) => text.replace(/ \d+ - /, ` ${body.length} - `).replace(/\n.*$/, `\n${body}`)
  let expected = 1
  for (const [what, body] of [
    ['of another kind', '{"m":1}'],
    ['no JSON', '{"n":1'],
  ] as const) {
    expected += 1
    await redis.set(key, bodyOf(body), 'KEEPTTL')
    const got = await crowd(read)
    t.equal(loads(), expected, `${what}: one load`)
    t.ok(
      got.every((n) => n === expected),
      `${what}: for all`,
    )
    await until('it to be replaced', async () => (await entry()).endsWith(`{"n":${expected}}`))
    t.strictSame(await read(), { n: expected })
  }
})

t.test('a cache that is off loads each time, and keeps nothing in Redis', async (t) => {
  const { read, keys, crowd, loads } = await setUp(t, false)
  const before = await keys()
  const got = await crowd(read)
  t.equal(new Set(got).size, AT_ONCE)
  t.strictSame(await read(), { n: AT_ONCE + 1 })
  t.equal(loads(), AT_ONCE + 1)
  t.strictSame(await keys(), before)
})
