import { join } from 'node:path'
import { createWorkerContainer } from '../src/container.js'
import { createCache } from '../src/shared/cache/cache.js'
import { blocking, connectRedis, failFast } from '../src/shared/cache/redis.js'
import type { WorkerConfig } from '../src/shared/config.js'
import type { Announce } from '../src/shared/database/changes.js'
import { connectDatabase } from '../src/shared/database/client.js'
import { checkConnections } from '../src/shared/database/connection-check.js'
import { createHintPublisher, isStreamTag } from '../src/shared/realtime/hints.js'
import { prefixOfPart } from '../src/shared/redis/address.js'
import type { Scheduler } from '../src/shared/schedule/scheduler.js'
import { closeInOrder, type ShutdownStep } from '../src/shared/shutdown.js'
import { openDataFolders } from '../src/shared/storage/data-folder.js'
import { storageSettings } from '../src/shared/storage/storage-settings.js'
import type { Logger } from '../src/shared/telemetry/logger.js'
import { openTracer } from '../src/shared/telemetry/open-tracer.js'
import { createRegistry } from '../src/shared/telemetry/registry.js'
import { tracerSettings } from '../src/shared/telemetry/tracer-settings.js'
import { chooseHandlers, createHandlers, queuesOf } from './handlers.js'
import { createOperations } from './operations.js'
import { startQueues } from './queues.js'
import { startSchedule } from './schedule.js'

/** Well below the lock's own time to live, so that a silent Redis is noticed while it still holds. */
const lockCommandTimeout = (lockMs: number): number => Math.min(1_000, lockMs / 4)
const RELAY_COMMAND_TIMEOUT_MS = 2_000
/** Nobody stands and waits for a worker: rather late than tried again. */
const DATABASE_WAIT_MS = 10_000

const poolMaxOf = (config: WorkerConfig): number =>
  config.DATABASE_WORKER_POOL_MAX ?? config.DATABASE_POOL_MAX

const openResources = async (config: WorkerConfig, logger: Logger) => {
  const tracer = await openTracer({ ...tracerSettings(config), service: 'unnest-worker', logger })
  const queueUrl = config.QUEUE_REDIS_URL ?? config.REDIS_URL
  const [lock, relay, queue] = await Promise.all([
    connectRedis(config.REDIS_URL, 'lock', logger, failFast(lockCommandTimeout(config.LOCK_TTL_MS))),
    connectRedis(queueUrl, 'relay', logger, failFast(RELAY_COMMAND_TIMEOUT_MS)),
    connectRedis(queueUrl, 'worker', logger, blocking),
  ])
  const registry = createRegistry()
  const cache = createCache({
    redis: lock.redis,
    prefix: prefixOfPart(config.REDIS_URL, config.REDIS_PREFIX, 'cache'),
    logger,
    registry,
    enabled: false,
  })
  const publishHints = createHintPublisher(lock.redis, config.REDIS_PREFIX)
  const announce: Announce = async (tags) => {
    await Promise.all([
      cache.invalidate(tags.filter((tag) => !isStreamTag(tag))),
      publishHints(tags.filter(isStreamTag)),
    ])
  }
  const database = connectDatabase({
    url: config.DATABASE_URL,
    poolMax: poolMaxOf(config),
    pooled: config.DATABASE_PGBOUNCER,
    applicationName: 'unnest-worker',
    waitMs: DATABASE_WAIT_MS,
    announce,
    tracer,
  })
  const shutdownSteps: ShutdownStep[] = [
    { name: 'queue redis', close: queue.close },
    { name: 'relay redis', close: relay.close },
    // What still commits is told to the cache.
    { name: 'database', close: database.close },
    { name: 'cache', close: async () => cache.close() },
    { name: 'lock redis', close: lock.close },
    { name: 'traces', close: async () => tracer?.close() },
  ]
  return {
    database: database.database,
    load: database.load,
    lockRedis: lock.redis,
    relayRedis: relay.redis,
    queueRedis: queue.redis,
    queuePrefix: prefixOfPart(queueUrl, config.REDIS_PREFIX, 'queue'),
    registry,
    tracer,
    shutdownSteps,
  }
}

const createContainer = (config: WorkerConfig, opened: Awaited<ReturnType<typeof openResources>>) =>
  createWorkerContainer({
    ...opened,
    lockMs: config.LOCK_TTL_MS,
    redisPrefix: config.REDIS_PREFIX,
    storageSettings: storageSettings(config),
    mailSettings: {
      smtpUrl: config.SMTP_URL,
      directory: join(config.DATA_DIR, 'mail'),
      from: config.MAIL_FROM,
      appUrl: config.APP_URL,
    },
    webhookSettings: {
      secretKeys: config.WEBHOOK_SECRET_KEYS,
      allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
    },
  })

/**
 * Starts the relay, the queues' workers, the scheduler, and what operators see of them.
 * @param onFatal ends the process when it is no use any more
 * @returns the steps that stop them: first what brings work in, then what does it, then what it needs.
 * @throws ConfigError when a queue is named that does not exist, its Redis evicts keys, or HOST or DATA_DIR is of no use; EADDRINUSE
 */
export const runWorker = async (
  config: WorkerConfig,
  logger: Logger,
  onFatal: () => void,
): Promise<readonly ShutdownStep[]> => {
  await openDataFolders(config)
  const opened = await openResources(config, logger)
  try {
    return await startAll(config, logger, onFatal, opened)
  } catch (error) {
    await closeInOrder(opened.shutdownSteps, logger)
    throw error
  }
}

/** The scheduler's batch in hand ends beside the jobs in hand: the step that waits for it comes after theirs. */
const beginToStop = async (server: { readonly drain: ShutdownStep['close'] }, scheduler: Scheduler) => {
  await server.drain()
  void scheduler.stop()
}

const startAll = async (
  config: WorkerConfig,
  logger: Logger,
  onFatal: () => void,
  opened: Awaited<ReturnType<typeof openResources>>,
): Promise<readonly ShutdownStep[]> => {
  const { database, load, queueRedis, registry } = opened
  const stopChecking = await checkConnections({ config, database, logger })
  opened.shutdownSteps.unshift({ name: 'connection check', close: stopChecking })
  const { cradle } = createContainer(config, opened)
  const all = createHandlers(cradle)
  const handlers = chooseHandlers(all, config)
  const operations = createOperations({
    config,
    poolMax: poolMaxOf(config),
    registry,
    database,
    load,
    queueRedis,
    queues: queuesOf(all),
  })
  const server = await operations.serve()
  opened.shutdownSteps.unshift({ name: 'metrics', close: server.close })
  const { metrics } = operations
  const queueSteps = await startQueues({ ...opened, config, handlers, metrics, logger, onFatal })
  const scheduler = startSchedule(cradle, config, { database, registry, logger })
  logger.info({ port: server.port }, 'metrics and health are served')
  return [
    { name: 'readiness', close: async () => beginToStop(server, scheduler) },
    ...queueSteps,
    { name: 'scheduler', close: scheduler.stop },
    { name: 'mail', close: cradle.mailTransport.close },
    { name: 'storage', close: cradle.storage.close },
    { name: 'outbound', close: async () => cradle.outbound.close() },
    ...opened.shutdownSteps,
  ]
}
