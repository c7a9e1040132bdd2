import { setTimeout as wait } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { createClient, handleAsking, type Limits, type RedisClient } from '../redis/client.js'
import { forgiveLateTimeouts } from '../redis/late-timeouts.js'
import type { Logger } from '../telemetry/logger.js'
import { sendTogether } from './send-together.js'

export interface RedisConnection {
  readonly redis: RedisClient
  /** Never waits for a server that is away. */
  readonly close: () => Promise<void>
}

const CLOSE_TIMEOUT_MS = 1_000
const FIRST_CONNECTION_MS = 1_000
/**
 * A connection that owes an answer for so long is dead, and does not know it: it is given up for a new one, long before TCP
 * would. Above each command's own time-out.
 */
const SILENT_MS = 10_000
/** Above the 10 s that BullMQ's reads block at most. */
const SILENT_BLOCKING_MS = 20_000

/**
 * Limits for a connection that somebody waits on: no queue of unsent commands (it has no bound), one
 * retry, and an answer within `commandTimeout` ms or an error.
 */
export const failFast = (commandTimeout: number): Limits => ({
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout,
  socketTimeout: SILENT_MS,
})

/**
 * Limits for a connection whose commands block by design: BullMQ's workers ask for it. What many jobs say in one turn of
 * the event loop goes out together, but for a Cluster.
 */
export const blocking: Limits = {
  maxRetriesPerRequest: null,
  enableAutoPipelining: true,
  socketTimeout: SILENT_BLOCKING_MS,
}

/** The same for a connection that hears of what others publish; whoever subscribes does so again after an outage. */
export const subscribing = (commandTimeout: number): Limits => ({
  ...failFast(commandTimeout),
  autoResubscribe: false,
})

/** Logs the beginning and the end of an outage, and not each of the attempts between. */
const logOutages = (redis: RedisClient, name: string, logger: Logger): void => {
  let away = false
  redis.on('error', (error: unknown) => {
    if (!away) logger.error({ connection: name, err: error }, 'redis is away')
    away = true
  })
  redis.on('ready', () => {
    if (away) logger.info({ connection: name }, 'redis is back')
    away = false
  })
}

const closeQuickly = async (redis: RedisClient): Promise<void> => {
  const goodbye = redis.status === 'ready' ? redis.quit().catch(() => 'gone') : Promise.resolve('gone')
  await Promise.race([goodbye, wait(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
  redis.disconnect()
}

/**
 * BullMQ duplicates a worker's connection for its blocking reads, and does not close the copy when Redis is away:
 * it would go on connecting and keep the process alive. Whoever opened the original closes its copies.
 */
const trackCopies = (redis: RedisClient): readonly RedisClient[] => {
  const copies: RedisClient[] = []
  const track = <T extends RedisClient>(copy: T): T => {
    copies.push(copy)
    return copy
  }
  if (redis instanceof Cluster) {
    const duplicate = redis.duplicate.bind(redis)
    redis.duplicate = (...overrides) => track(handleAsking(duplicate(...overrides)))
  } else {
    const duplicate = redis.duplicate.bind(redis)
    redis.duplicate = (override) => track(duplicate(override))
  }
  return copies
}

const untilReady = async (redis: RedisClient): Promise<void> => {
  const ready = new Promise<void>((resolve) => redis.once('ready', () => resolve()))
  await Promise.race([ready, wait(FIRST_CONNECTION_MS, undefined, { ref: false })])
}

/**
 * Opens one named connection, in the form that the URL names, and gives it a moment to be there. It does not throw when there is no
 * server, its commands do: a process also starts while Redis is away.
 */
export const connectRedis = async (
  url: string,
  name: string,
  logger: Logger,
  options: Limits,
): Promise<RedisConnection> => {
  const redis = createClient(url, `unnest-${name}`, options)
  logOutages(redis, name, logger)
  // A Cluster has a client and a stream for each node, and a command's node is known too late to hold it.
  if (redis instanceof Redis && options.commandTimeout !== undefined) forgiveLateTimeouts(redis)
  if (redis instanceof Redis && !options.enableAutoPipelining) sendTogether(redis)
  const copies = trackCopies(redis)
  await untilReady(redis)
  return {
    redis,
    close: async () => {
      for (const copy of copies) copy.disconnect()
      await closeQuickly(redis)
    },
  }
}
