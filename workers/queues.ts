import type { WorkerConfig } from '../src/shared/config.js'
import type { Database } from '../src/shared/database/client.js'
import { listen } from '../src/shared/database/listener.js'
import { OUTBOX_CHANNEL } from '../src/shared/database/outbox.js'
import { isAnythingDue } from '../src/shared/database/outbox-handovers.js'
import { pingAnew, pingDatabase } from '../src/shared/database/ping.js'
import { withDeadline } from '../src/shared/deadline.js'
import { ConfigError } from '../src/shared/environment.js'
import { type Consumer, startConsumer } from '../src/shared/queue/consumer.js'
import { refuseEviction } from '../src/shared/queue/eviction.js'
import type { JobHandler } from '../src/shared/queue/handler.js'
import type { QueueMetrics } from '../src/shared/queue/queue-metrics.js'
import { createRelay, type Relay } from '../src/shared/queue/relay.js'
import { type RelayLoop, startRelayLoop } from '../src/shared/queue/relay-loop.js'
import { createTries } from '../src/shared/queue/tries.js'
import { startWatchdog, type Watched } from '../src/shared/queue/watchdog.js'
import type { RedisClient } from '../src/shared/redis/client.js'
import type { ShutdownStep } from '../src/shared/shutdown.js'
import type { Logger } from '../src/shared/telemetry/logger.js'
import { queuesOf } from './handlers.js'

/** Of the grace time; the rest is for giving back and for closing what the jobs used. */
const FINISH_SHARE_OF_GRACE = 0.8
/** What a batch of the relay may take, its waits for Postgres and Redis all at their limits. */
const LONGEST_BATCH_MS = 40_000
/** A piece of work may take this many times its own limit before the process counts as stuck. */
const STUCK_FACTOR = 2
const PING_MS = 1_000
/** What a full pool may keep a ping waiting without being dead. */
const POOL_PING_MS = 10_000

export interface QueuesNeeds {
  readonly config: WorkerConfig
  readonly database: Database
  readonly relayRedis: RedisClient
  readonly queueRedis: RedisClient
  readonly queuePrefix: string
  /** Of this pod's queues. */
  readonly handlers: readonly JobHandler[]
  readonly metrics: QueueMetrics
  readonly logger: Logger
  /** Ends the process at once, with an error: called when it is no use any more. */
  readonly onFatal: () => void
}

/** Asked at each connection: one that was away at the start, or that another Redis has taken the place of. */
const checkEviction = async ({ config, relayRedis, logger, onFatal }: QueuesNeeds): Promise<void> => {
  if (config.REDIS_EVICTION_CHECK === 'off') return
  relayRedis.on('ready', () => {
    refuseEviction(relayRedis).catch((err) => {
      if (!(err instanceof ConfigError)) return logger.warn({ err }, 'eviction policy could not be read')
      logger.fatal({ alert: 'queue_evicts', err }, 'the queue would lose jobs')
      onFatal()
    })
  })
  if (relayRedis.status === 'ready') await refuseEviction(relayRedis)
}

const watchQueue = (queue: string, consumer: Consumer, relay: Relay, needs: QueuesNeeds): Watched => {
  const longestTryMs = Math.max(...needs.handlers.map(({ contract }) => contract.timeoutMs))
  return {
    name: queue,
    lastEndAt: () => consumer.lastEndAt(queue),
    workWaits: async () => {
      await pingDatabase(needs.database, PING_MS)
      return (await relay.countWaiting([queue])) > 0
    },
    stuckAfterMs: Math.max(needs.config.WORKER_STUCK_AFTER_MS, longestTryMs * STUCK_FACTOR),
  }
}

/** What fails, and says so, is no such case: a new process would fail as well. */
const watchRelay = (loop: RelayLoop, { config, database, relayRedis }: QueuesNeeds): Watched => ({
  name: 'relay',
  lastEndAt: loop.lastEndAt,
  workWaits: async () => {
    await relayRedis.ping()
    return withDeadline('looking for due jobs', PING_MS, isAnythingDue(database))
  },
  stuckAfterMs: Math.max(config.WORKER_STUCK_AFTER_MS, LONGEST_BATCH_MS * STUCK_FACTOR),
})

/** Connections that are dead and do not know it keep the whole pool waiting; a new process has new ones. */
const watchPool = ({ config, database }: QueuesNeeds): Watched => {
  let lastAnswerAt = performance.now()
  return {
    name: 'database pool',
    lastEndAt: () => lastAnswerAt,
    workWaits: async () => {
      try {
        await pingDatabase(database, POOL_PING_MS)
        lastAnswerAt = performance.now()
        return false
      } catch {
        await pingAnew(config.DATABASE_URL, PING_MS)
        return true
      }
    },
    stuckAfterMs: config.WORKER_STUCK_AFTER_MS,
  }
}

const startRelay = ({ config, database, relayRedis, queuePrefix, metrics, logger }: QueuesNeeds) => {
  const relay = createRelay({ database, redis: relayRedis, prefix: queuePrefix, metrics, logger })
  const loop = startRelayLoop(relay, logger)
  const listener = listen(
    config.DATABASE_DIRECT_URL ?? config.DATABASE_URL,
    OUTBOX_CHANNEL,
    loop.wake,
    logger,
  )
  return { relay, loop, listener }
}

/**
 * Starts what moves jobs: the relay, the queues' workers and the watchdog.
 * @returns the steps that stop them
 * @throws ConfigError when the queue's Redis evicts keys
 */
export const startQueues = async (needs: QueuesNeeds): Promise<readonly ShutdownStep[]> => {
  const { config, handlers, logger, onFatal } = needs
  await checkEviction(needs)
  const { relay, loop, listener } = startRelay(needs)
  const consumer = startConsumer({
    ...needs,
    redis: needs.queueRedis,
    prefix: needs.queuePrefix,
    tries: createTries(needs.database),
    concurrency: config.WORKER_CONCURRENCY,
    finishMs: config.SHUTDOWN_GRACE_MS * FINISH_SHARE_OF_GRACE,
  })
  const queues = queuesOf(handlers).map((queue) => watchQueue(queue, consumer, relay, needs))
  const watched = [...queues, watchRelay(loop, needs), watchPool(needs)]
  const watchdog = startWatchdog({ watched, onStuck: onFatal, logger })
  return [
    { name: 'watchdog', close: async () => watchdog.stop() },
    { name: 'queue workers', close: consumer.close },
    { name: 'outbox listener', close: listener.close },
    { name: 'outbox relay', close: loop.stop },
    { name: 'queues', close: relay.close },
  ]
}
