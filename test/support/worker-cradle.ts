import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
import { createWorkerContainer } from '../../src/container.js'
import { createCache } from '../../src/shared/cache/cache.js'
import { loadWorkerConfig } from '../../src/shared/config.js'
import { connectDatabase } from '../../src/shared/database/client.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import type { World } from './app.js'
import { type Test, testServices } from './environment.js'

/** What a worker is made of, for a test that has it do one thing and then another, without a queue between. */
export const createWorkerCradle = (t: Test, world: World) => {
  const config = loadWorkerConfig(world.env)
  // Connected when something is to be told to other pods' caches.
  const redis = new Redis(testServices().redisUrl, { lazyConnect: true })
  const cache = createCache({
    redis,
    prefix: world.redisPrefix,
    logger: createLogger({ level: 'silent', process: 'worker' }),
    registry: new Registry(),
    enabled: false,
  })
  const { database, close } = connectDatabase({
    url: world.database.url,
    poolMax: 5,
    applicationName: 'unnest-worker',
    announce: cache.invalidate,
  })
  const { cradle } = createWorkerContainer({
    database,
    lockRedis: redis,
    lockMs: 10_000,
    redisPrefix: world.redisPrefix,
    mailSettings: {
      smtpUrl: undefined,
      directory: world.mailDir,
      from: 'Unnest <a@b.example>',
      appUrl: undefined,
    },
    storageSettings: { place: { directory: world.uploadsDir }, temporaryDirectory: world.temporaryDir },
    webhookSettings: {
      secretKeys: config.WEBHOOK_SECRET_KEYS,
      allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
    },
  })
  t.teardown(async () => {
    cradle.outbound.close()
    await close()
    cache.close()
    redis.disconnect()
  })
  return { database, cradle }
}
