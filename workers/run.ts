import { hostname } from 'node:os'
import { join } from 'node:path'
import { createWorkerContainer } from '../src/container.js'
import { blocking, connectRedis, failFast } from '../src/shared/cache/redis.js'
import type { WorkerConfig } from '../src/shared/config.js'
import { connectDatabase } from '../src/shared/database/client.js'
import { listen } from '../src/shared/database/listener.js'
import { OUTBOX_CHANNEL } from '../src/shared/database/outbox.js'
import { startConsumer } from '../src/shared/queue/consumer.js'
import { createRelay } from '../src/shared/queue/relay.js'
import { startRelayLoop } from '../src/shared/queue/relay-loop.js'
import { startScheduler } from '../src/shared/schedule/scheduler.js'
import type { ShutdownStep } from '../src/shared/shutdown.js'
import type { Logger } from '../src/shared/telemetry/logger.js'
import { chooseHandlers, createHandlers } from './handlers.js'
import { scheduledJobs } from './schedule.js'

/** Well below the lock's own time to live, so that a silent Redis is noticed while it still holds. */
const lockCommandTimeout = (lockMs: number): number => Math.min(1_000, lockMs / 4)
const RELAY_COMMAND_TIMEOUT_MS = 2_000

const openResources = async (config: WorkerConfig, logger: Logger) => {
  const queueUrl = config.QUEUE_REDIS_URL ?? config.REDIS_URL
  const database = connectDatabase({
    url: config.DATABASE_URL,
    poolMax: config.DATABASE_POOL_MAX,
    applicationName: 'unnest-worker',
  })
  const [lock, relay, queue] = await Promise.all([
    connectRedis(config.REDIS_URL, 'lock', logger, failFast(lockCommandTimeout(config.LOCK_TTL_MS))),
    connectRedis(queueUrl, 'relay', logger, failFast(RELAY_COMMAND_TIMEOUT_MS)),
    connectRedis(queueUrl, 'worker', logger, blocking),
  ])
  const shutdownSteps: ShutdownStep[] = [
    { name: 'queue redis', close: queue.close },
    { name: 'relay redis', close: relay.close },
    { name: 'lock redis', close: lock.close },
    { name: 'database', close: database.close },
  ]
  return {
    database: database.database,
    lockRedis: lock.redis,
    relayRedis: relay.redis,
    queueRedis: queue.redis,
    shutdownSteps,
  }
}

/**
 * Starts the relay, the queues' workers and the scheduler.
 * @returns the steps that stop them: first what brings work in, then what does it, then what it needs.
 * @throws ConfigError when WORKER_QUEUES names a queue that does not exist
 */
export const runWorker = async (config: WorkerConfig, logger: Logger): Promise<readonly ShutdownStep[]> => {
  const opened = await openResources(config, logger)
  const { database, relayRedis, queueRedis } = opened
  const prefix = config.REDIS_PREFIX
  const { cradle } = createWorkerContainer({
    ...opened,
    lockMs: config.LOCK_TTL_MS,
    redisPrefix: prefix,
    mailSettings: {
      smtpUrl: config.SMTP_URL,
      directory: join(config.DATA_DIR, 'mail'),
      from: config.MAIL_FROM,
      appUrl: config.APP_URL,
    },
  })
  const handlers = createHandlers(cradle)
  const chosen = chooseHandlers(handlers, config.WORKER_QUEUES)
  const contracts = handlers.map(({ contract }) => contract)
  const relay = createRelay({ database, redis: relayRedis, prefix, contracts, logger })
  const relayLoop = startRelayLoop(relay, logger)
  const listener = listen(config.DATABASE_URL, OUTBOX_CHANNEL, relayLoop.wake, logger)
  const consumer = startConsumer({
    database,
    redis: queueRedis,
    prefix,
    handlers: chosen,
    logger,
  })
  const scheduler = startScheduler({
    database,
    locks: cradle.locks,
    holder: `${hostname()}:${process.pid}`,
    logger,
    jobs: scheduledJobs(cradle, config),
  })
  return [
    { name: 'scheduler', close: scheduler.stop },
    { name: 'outbox listener', close: listener.close },
    { name: 'outbox relay', close: relayLoop.stop },
    { name: 'queue workers', close: consumer.close },
    { name: 'queues', close: relay.close },
    { name: 'mail', close: cradle.mailTransport.close },
    ...opened.shutdownSteps,
  ]
}
