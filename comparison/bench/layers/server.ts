import Fastify, { type FastifyInstance } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { createApiContainer } from '../../../src/container.js'
import { createCache } from '../../../src/shared/cache/cache.js'
import { connectRedis, failFast } from '../../../src/shared/cache/redis.js'
import { loadApiConfig } from '../../../src/shared/config.js'
import { connectDatabase } from '../../../src/shared/database/client.js'
import { serializerCompiler } from '../../../src/shared/http/serializer.js'
import { serverOptions } from '../../../src/shared/http/server-options.js'
import { storageSettings } from '../../../src/shared/storage/storage-settings.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { createRegistry } from '../../../src/shared/telemetry/registry.js'
import { LAYER_IDS, pathTo } from './layers.js'
import { type House, registerLayers } from './register.js'

/*
 * Our service as far as LAYER, made of its own parts and in its own order. Nobody should run this: what comes later is missing.
 */

const REDIS_TIMEOUT_MS = 250

const { LAYER } = z.object({ LAYER: z.enum(LAYER_IDS) }).parse(process.env)
const path = pathTo(LAYER)

/** All parts are there for each layer, so that they differ in what a request passes and in nothing else. */
const openHouse = async (): Promise<House & { readonly close: () => Promise<void> }> => {
  const config = loadApiConfig(process.env)
  const logger = createLogger({ level: config.LOG_LEVEL, process: 'api' })
  const { redis, close: closeRedis } = await connectRedis(
    config.REDIS_URL,
    'api',
    logger,
    failFast(REDIS_TIMEOUT_MS),
  )
  const registry = createRegistry()
  const cache = createCache({ redis, prefix: config.REDIS_PREFIX, logger, registry, enabled: true })
  const { database, close: closeDatabase } = connectDatabase({
    url: config.DATABASE_URL,
    poolMax: config.DATABASE_POOL_MAX,
    applicationName: LAYER,
    announce: cache.invalidate,
  })
  const { cradle } = createApiContainer({
    database,
    cache,
    storageSettings: storageSettings(config),
    webhookSettings: { secretKeys: config.WEBHOOK_SECRET_KEYS, allowPrivate: false },
    // No layer has sockets, so nothing is made of it.
    realtimeSettings: {
      subscriber: redis,
      redisPrefix: config.REDIS_PREFIX,
      registry,
      logger,
      socketsPerUser: 1,
      socketsPerPod: 1,
    },
  })
  const watch = await cradle.sessionWatch.start()
  const close = async (): Promise<void> => {
    await watch.close()
    await closeDatabase()
    cache.close()
    await closeRedis()
  }
  return { config, logger, redis, cache, registry, cradle, close }
}

const createServer = ({ config, logger }: House): FastifyInstance => {
  if (!path.includes('trace')) return Fastify()
  const options = { ...serverOptions, trustProxy: [...config.TRUST_PROXY] }
  return path.includes('log') ? Fastify({ ...options, loggerInstance: logger }) : Fastify(options)
}

const house = await openHouse()
const app = createServer(house)
app.setValidatorCompiler(validatorCompiler)
app.setSerializerCompiler(serializerCompiler)
await registerLayers(app, new Set(path), house)
process.once('SIGTERM', () => {
  app.server.closeAllConnections()
  void app.close().then(house.close)
})
await app.listen({ host: house.config.HOST, port: house.config.PORT })
