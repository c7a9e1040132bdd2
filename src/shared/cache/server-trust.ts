import type { FastifyBaseLogger } from 'fastify'
import { Cluster, ReplyError } from 'ioredis'
import type { RedisClient } from '../redis/client.js'
import { infoAt } from '../redis/info.js'
import { ALL, runPipeline, tagKey } from './tags.js'

export interface ServerTrust {
  /** Whether the server at the other end is known to be the one that keeps what was last told to it. */
  readonly isTrusted: () => boolean
  readonly close: () => void
}

const RETRY_MS = 1_000

/** Where the cache keeps the identity of its server. */
export const serverKey = (prefix: string): string => `${prefix}:cache-server`

/** A run of a process, and the history of its data: a replica that takes over begins a new one. */
const identityIn = (info: string): string | undefined => {
  const [run, history] = [/^run_id:(\w+)/m, /^master_replid:(\w+)/m].map((name) => name.exec(info)?.[1])
  return run && history && `${run}:${history}`
}

/** @returns undefined where a server does not say who it is: then it is another one each time */
const identify = async (redis: RedisClient, key: string): Promise<string | undefined> => {
  try {
    return identityIn(`${await infoAt(redis, key, 'server')}${await infoAt(redis, key, 'replication')}`)
  } catch (error) {
    if (error instanceof ReplyError) return undefined
    throw error
  }
}

/**
 * A server behind a new connection may be another one, or have come back with what it had a while ago. The cache's entries lie
 * beside the identity of the server that they were made on: where it is not this one's, or this process has last seen another
 * one, all entries are given up before any is read. In a Cluster it is the node that has the cache's slot.
 */
export const createServerTrust = (
  redis: RedisClient,
  prefix: string,
  logger: FastifyBaseLogger,
): ServerTrust => {
  const key = serverKey(prefix)
  let trusted = false
  let lastSeen: string | undefined
  let connection = 0
  let retry: NodeJS.Timeout | undefined

  const recognise = async (): Promise<void> => {
    const identity = await identify(redis, key)
    const kept = await redis.get(key)
    const isSame = identity !== undefined && identity === kept && (lastSeen ?? identity) === identity
    if (!isSame)
      await runPipeline(
        redis
          .pipeline()
          .unlink(tagKey(prefix, ALL))
          .set(key, identity ?? 'unknown'),
      )
    lastSeen = identity
  }

  const distrust = (): void => {
    trusted = false
    connection += 1
    clearTimeout(retry)
  }

  const check = async (): Promise<void> => {
    const checked = connection
    try {
      await recognise()
      trusted = checked === connection
    } catch (error) {
      logger.debug({ err: error }, 'cache bypassed: its server is not known yet')
      if (checked === connection && redis.status === 'ready')
        retry = setTimeout(() => void check(), RETRY_MS).unref()
    }
  }

  const lookAgain = (): void => {
    retry = setTimeout(() => void check(), RETRY_MS).unref()
  }
  /** Which of a Cluster's nodes is gone is not asked: it may have been the cache's. */
  const nodeLost = (): void => {
    distrust()
    lookAgain()
  }
  /** The slot may have moved, or a replica have been given it, without a connection's end. */
  const slotsRead = (): void => {
    clearTimeout(retry)
    lookAgain()
  }

  redis.on('close', distrust)
  redis.on('ready', check)
  if (redis instanceof Cluster) redis.on('-node', nodeLost).on('refresh', slotsRead)
  if (redis.status === 'ready') void check()

  return {
    isTrusted: () => trusted,
    close: () => {
      distrust()
      redis.off('close', distrust).off('ready', check).off('-node', nodeLost).off('refresh', slotsRead)
    },
  }
}
