import { Redis } from 'ioredis'
import { createWorkerContainer } from '../../src/container.js'
import { loadWorkerConfig } from '../../src/shared/config.js'
import { connectDatabase } from '../../src/shared/database/client.js'
import type { World } from './app.js'
import { type Test, testServices } from './environment.js'

/** What a worker is made of, for a test that has it do one thing and then another, without a queue between. */
export const createWorkerCradle = (t: Test, world: World) => {
  const config = loadWorkerConfig(world.env)
  const { database, close } = connectDatabase({
    url: world.database.url,
    poolMax: 5,
    applicationName: 'unnest-worker',
  })
  const { cradle } = createWorkerContainer({
    database,
    // Never used, and so never connected.
    lockRedis: new Redis(testServices().redisUrl, { lazyConnect: true }),
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
  })
  return { database, cradle }
}
