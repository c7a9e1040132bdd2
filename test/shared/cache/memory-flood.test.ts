import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
import t from 'tap'
import { z } from 'zod'
import { createCache } from '../../../src/shared/cache/cache.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { figure } from '../../support/figures.js'
import { startOwnRedis } from '../../support/own-redis.js'
import { until } from '../../support/until.js'

const MEBIBYTE = 1_048_576
const LIMIT = 20 * MEBIBYTE
const SHARE = 0.75
/** Of what is kept at once, before the first of it is counted. */
const TOLERANCE = 0.03

t.test(
  'what is kept within one second, in which nobody looks at the memory, stays in its bounds',
  async (t) => {
    const own = await startOwnRedis(t)
    const redis = new Redis(own.url)
    const logger = createLogger({ level: 'silent', process: 'test' })
    const cache = createCache({ redis, prefix: 'flood', logger, registry: new Registry(), enabled: true })
    t.teardown(async () => {
      await cache.close()
      redis.disconnect()
    })
    await until('the server to be known', () =>
      cache.find('anything', { ttlSeconds: 1, staleSeconds: 0, tags: [] }),
    )
    await own.client.config('SET', 'maxmemory', String(LIMIT))
    const policy = { name: 'pages', ttlSeconds: 60, staleSeconds: 0, tags: ['pages'], schema: z.string() }
    const page = 'x'.repeat(100_000)
    const read = (key: number) => cache.wrap(`page-${key}`, policy, async () => page)
    // The first one asks how much there is.
    await read(0)
    await own.client.ping()

    const begun = performance.now()
    for (let key = 1; key <= 400; key += 10)
      await Promise.all(Array.from({ length: 10 }, (_, index) => read(key + index)))
    const ms = Math.round(performance.now() - begun)
    const info = await own.client.info('memory')
    const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1])
    t.ok(used < (SHARE + TOLERANCE) * LIMIT, `${used} of ${LIMIT} bytes`)
    t.ok(used > 0.6 * LIMIT, 'and they are used')
    figure(t, `400 pages of 100 kB in ${ms} ms: ${Math.round((100 * used) / LIMIT)} % of Redis used`)
  },
)
