import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { createApp } from './app.js'
import { createApiContainer } from './container.js'
import { createCache } from './shared/cache/cache.js'
import { connectRedis, failFast, subscribing } from './shared/cache/redis.js'
import type { ApiConfig } from './shared/config.js'
import { connectDatabase, type DatabaseConnection } from './shared/database/client.js'
import { checkConnections } from './shared/database/connection-check.js'
import { registerDatabaseMetrics } from './shared/database/database-metrics.js'
import { createDatabaseProbe } from './shared/database/database-probe.js'
import { type Connections, trackConnections } from './shared/http/connections.js'
import { prefixOfPart } from './shared/redis/address.js'
import { closeInOrder, type ShutdownStep } from './shared/shutdown.js'
import { openDataFolders } from './shared/storage/data-folder.js'
import { storageSettings } from './shared/storage/storage-settings.js'
import type { Logger } from './shared/telemetry/logger.js'
import { openTracer } from './shared/telemetry/open-tracer.js'
import { startOperationsServer } from './shared/telemetry/operations-server.js'
import { createRegistry } from './shared/telemetry/registry.js'
import { tracerSettings } from './shared/telemetry/tracer-settings.js'

/** A request waits this long for Redis at most, then goes on without it. */
const REDIS_COMMAND_TIMEOUT_MS = 250
/** Sockets wait for hints and not for this: what is missed is looked for. */
const HINTS_COMMAND_TIMEOUT_MS = 2_000
const CLOSE_UNUSED_EVERY_MS = 100
/** Connections that wait to be accepted. Of a burst of clients Node's own 511 would leave most to the pauses of TCP. */
const BACKLOG = 4_096
/** The rest is for Redis and the database. */
const HTTP_SHARE_OF_GRACE = 0.7

export interface RunningApi {
  readonly app: FastifyInstance
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string
  readonly shutdownSteps: readonly ShutdownStep[]
}

/**
 * Stops accepting, and keeps closing connections as they fall idle: a busy one would stay for its keep-alive
 * time. One that is still not done after `graceMs`, such as a client that sends half a body, is cut off.
 */
const closeApp = async (app: FastifyInstance, connections: Connections, graceMs: number): Promise<void> => {
  const closing = setInterval(connections.closeUnused, CLOSE_UNUSED_EVERY_MS)
  const lastCall = setTimeout(() => app.server.closeAllConnections(), graceMs)
  try {
    await app.close()
  } finally {
    clearInterval(closing)
    clearTimeout(lastCall)
  }
}

/** Rejects with the reason why this pod wants no traffic. */
const readinessOf = (connection: DatabaseConnection, isDraining: () => boolean) => {
  const askDatabase = createDatabaseProbe(connection)
  return async (): Promise<void> => {
    if (isDraining()) throw new Error('This pod is shutting down.')
    await askDatabase().catch((cause) => {
      throw new Error('This pod cannot reach its database.', { cause })
    })
  }
}

/** What operators and their machines see of this pod. @throws EADDRINUSE; ConfigError for HOST */
const serveOperations = async (
  { HOST: host, METRICS_PORT: port, DATABASE_POOL_MAX: poolMax }: ApiConfig,
  registry: Registry,
  connection: DatabaseConnection,
  checkReady: () => Promise<void>,
) => {
  registerDatabaseMetrics(registry, connection, poolMax)
  return startOperationsServer({ host, port, registry, checkReady })
}

/**
 * Opens what the API needs, builds the app and listens. On failure everything opened is closed again.
 * @throws whatever kept it from listening, e.g. EADDRINUSE, MissingAccessError, ConfigError for HOST and DATA_DIR
 */
export const startApi = async (config: ApiConfig, logger: Logger): Promise<RunningApi> => {
  await openDataFolders(config)
  let draining = false
  const tracer = await openTracer({ ...tracerSettings(config), service: 'unnest-api', logger })
  const [{ redis, close: closeRedis }, hints] = await Promise.all([
    connectRedis(config.REDIS_URL, 'api', logger, failFast(REDIS_COMMAND_TIMEOUT_MS)),
    connectRedis(config.REDIS_URL, 'hints', logger, subscribing(HINTS_COMMAND_TIMEOUT_MS)),
  ])
  const registry = createRegistry()
  const cache = createCache({
    redis,
    prefix: prefixOfPart(config.REDIS_URL, config.REDIS_PREFIX, 'cache'),
    logger,
    registry,
    enabled: config.CACHE_ENABLED,
  })
  const connection = connectDatabase({
    url: config.DATABASE_URL,
    poolMax: config.DATABASE_POOL_MAX,
    pooled: config.DATABASE_PGBOUNCER,
    applicationName: 'unnest-api',
    announce: cache.invalidate,
    tracer,
  })
  const resources: ShutdownStep[] = [
    // What still commits is told to the cache.
    { name: 'database', close: connection.close },
    { name: 'cache', close: cache.close },
    { name: 'redis', close: closeRedis },
    { name: 'hints redis', close: hints.close },
    { name: 'traces', close: async () => tracer?.close() },
  ]
  const { database, load } = connection
  const isDraining = (): boolean => draining
  const checkReady = readinessOf(connection, isDraining)
  try {
    const stopChecking = await checkConnections({ config, database, logger })
    resources.unshift({ name: 'connection check', close: stopChecking })
    const operations = await serveOperations(config, registry, connection, checkReady)
    resources.unshift({ name: 'metrics', close: operations.close })
    logger.info({ port: operations.port }, 'metrics and health are served')
    const { cradle } = createApiContainer({
      database,
      cache,
      hashesAtOnce: config.PASSWORD_HASHES_AT_ONCE,
      tracer,
      storageSettings: storageSettings(config),
      webhookSettings: {
        secretKeys: config.WEBHOOK_SECRET_KEYS,
        allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
      },
      realtimeSettings: {
        subscriber: hints.redis,
        redisPrefix: config.REDIS_PREFIX,
        registry,
        logger,
        socketsPerUser: config.REALTIME_SOCKETS_PER_USER,
        socketsPerPod: config.REALTIME_SOCKETS_PER_POD,
      },
    })
    resources.unshift({ name: 'storage', close: cradle.storage.close })
    await cradle.temporaryFiles.removeAbandoned()
    const sessionWatch = await cradle.sessionWatch.start()
    resources.unshift({ name: 'session watch', close: sessionWatch.close })
    const app = await createApp({
      config,
      cradle,
      load,
      redis,
      cache,
      registry,
      logger,
      isDraining,
      checkReady,
      tracer,
    })
    const connections = trackConnections(app.server)
    const url = await app.listen({ host: config.HOST, port: config.PORT, backlog: BACKLOG })
    const sockets = cradle.realtimeHub.start()
    const drain = async () => {
      draining = true
      connections.retire()
      await wait(config.READINESS_DRAIN_MS)
    }
    const shutdownSteps = [
      { name: 'readiness', close: drain },
      // Side by side: the farewell has no time of its own, and the server does not end before the last of its sockets.
      {
        name: 'http',
        close: () =>
          Promise.all([
            sockets.close(),
            closeApp(app, connections, config.SHUTDOWN_GRACE_MS * HTTP_SHARE_OF_GRACE),
          ]),
      },
      ...resources,
    ]
    return { app, url, shutdownSteps }
  } catch (error) {
    await closeInOrder(resources, logger)
    throw error
  }
}
