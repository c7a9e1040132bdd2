import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
import t from 'tap'
import { z } from 'zod'
import { type Cache, createCache } from '../../../src/shared/cache/cache.js'
import { registerRouteCache } from '../../../src/shared/cache/route-cache.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { createWorld } from '../../support/app.js'
import { type Test, testServices } from '../../support/environment.js'
import { until } from '../../support/until.js'

const logger = createLogger({ level: 'silent', process: 'test' })

const openCache = async (t: Test): Promise<Cache> => {
  const { redisPrefix } = await createWorld(t)
  const redis = new Redis(testServices().redisUrl)
  const cache = createCache({ redis, prefix: redisPrefix, logger, registry: new Registry(), enabled: true })
  t.teardown(() => {
    cache.close()
    redis.disconnect()
  })
  const anything = { ttlSeconds: 1, staleSeconds: 0, tags: [] }
  await until('the server to be known', () => cache.find('anything', anything))
  return cache
}

t.test('a principal’s own answer is nobody else’s', async (t) => {
  const cache = await openCache(t)
  const app = Fastify()
  t.teardown(() => app.close())
  app.decorateRequest('principal', null)
  app.addHook('onRequest', async (request) => {
    const userId = String(request.headers['x-user'])
    request.principal = { userId, sessionId: 's', role: 'user' }
  })
  registerRouteCache(app, { cache, enabled: true, defaultTtlSeconds: 60 })
  let loads = 0
  app.get(
    '/own',
    { config: { access: 'signed-in', cache: { scope: 'principal', tags: () => ['own'] } } },
    async (request) => {
      loads += 1
      return { of: request.principal?.userId }
    },
  )
  const ask = async (user: string) => {
    const { headers, payload } = await app.inject({ url: '/own', headers: { 'x-user': user } })
    return [headers['x-cache'], payload]
  }
  const users = ['ada', 'eve', 'ada?', 'shared']
  for (const user of users) t.strictSame(await ask(user), ['MISS', `{"of":"${user}"}`])
  for (const user of users) t.strictSame(await ask(user), ['HIT', `{"of":"${user}"}`])
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const user = `user-${index % 5}`
      t.strictSame((await ask(user))[1], `{"of":"${user}"}`)
    }),
  )
  t.equal(loads, users.length + 5)
  await cache.invalidate(['own'])
  t.strictSame(await ask('ada'), ['MISS', '{"of":"ada"}'])
})

t.test('a value from the cache, or loaded by one for all', async (t) => {
  const cache = await openCache(t)
  const policy = {
    name: 'numbers',
    ttlSeconds: 60,
    staleSeconds: 10,
    tags: ['numbers'],
    schema: z.object({ n: z.int() }),
  }
  let loads = 0
  const load = async () => {
    loads += 1
    return { n: loads }
  }
  const read = () => cache.wrap('n', policy, load)

  const crowd = await Promise.all(Array.from({ length: 100 }, read))
  t.ok(crowd.every(({ n }) => n === 1))
  t.equal(loads, 1)
  t.strictSame(await read(), { n: 1 })
  await cache.invalidate(['others'])
  t.strictSame(await read(), { n: 1 })
  await cache.invalidate(['numbers'])
  t.strictSame(await read(), { n: 2 })

  await t.test('a value of another kind is loaded anew', async (t) => {
    const asText = { ...policy, schema: z.object({ text: z.string() }) }
    t.strictSame(await cache.wrap('n', asText, async () => ({ text: 'two' })), { text: 'two' })
  })

  await t.test('a failure is whoever asked’s, and not kept', async (t) => {
    await cache.invalidate(['numbers'])
    const fail = async (): Promise<never> => {
      throw new Error('no number')
    }
    await t.rejects(cache.wrap('n', policy, fail), { message: 'no number' })
    t.strictSame(await read(), { n: 3 })
  })

  await t.test('what is too long is not kept', async (t) => {
    const texts = { name: 'texts', ttlSeconds: 60, staleSeconds: 0, tags: [], schema: z.string() }
    let times = 0
    const loadLong = async () => {
      times += 1
      return 'x'.repeat(1_048_577)
    }
    for (const _time of [1, 2]) await cache.wrap('long', texts, loadLong)
    t.equal(times, 2)
  })
})

t.test('as many tags as a page of 100 has are kept; more than an entry can have are not', async (t) => {
  const cache = await openCache(t)
  const app = Fastify()
  t.teardown(() => app.close())
  app.decorateRequest('principal', null)
  registerRouteCache(app, { cache, enabled: true, defaultTtlSeconds: 60 })
  const tagsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `product:${index}`)
  for (const count of [101, 127, 128]) {
    const config = { access: 'public', cache: { scope: 'shared', tags: () => tagsOf(count) } } as const
    app.get(`/of/${count}`, { config }, async () => ({ count }))
  }
  const verdicts = async (count: number) => {
    const answers = [await app.inject(`/of/${count}`), await app.inject(`/of/${count}`)]
    return answers.map(({ headers }) => headers['x-cache'])
  }
  for (const count of [101, 127]) t.strictSame(await verdicts(count), ['MISS', 'HIT'], String(count))
  t.strictSame(await verdicts(128), ['BYPASS', 'BYPASS'])
  await cache.invalidate(['product:100'])
  t.strictSame(await verdicts(101), ['MISS', 'HIT'], 'any of them makes it a miss')
})
