import type { FastifyBaseLogger } from 'fastify'
import { type Redis, ReplyError } from 'ioredis'
import { ALL, runPipeline, tagKey } from './tags.js'

export interface ServerTrust {
  /** Whether the server at the other end is known to be the one that keeps what was last told to it. */
  readonly isTrusted: () => boolean
  readonly close: () => void
}

const RETRY_MS = 1_000

/** A run of a process, and the history of its data: a replica that takes over begins a new one. */
const identityIn = (info: string): string | undefined => {
  const [run, history] = [/^run_id:(\w+)/m, /^master_replid:(\w+)/m].map((name) => name.exec(info)?.[1])
  return run && history && `${run}:${history}`
}

/** @returns undefined where a server does not say who it is: then it is another one each time */
const identify = async (redis: Redis): Promise<string | undefined> => {
  try {
    return identityIn(`${await redis.info('server')}${await redis.info('replication')}`)
  } catch (error) {
    if (error instanceof ReplyError) return undefined
    throw error
  }
}

/**
 * A server behind a new connection may be another one, or have come back with what it had a while ago. The cache's entries lie
 * beside the identity of the server that they were made on: where it is not this one's, or this process has last seen another
 * one, all entries are given up before any is read.
 */
export const createServerTrust = (redis: Redis, prefix: string, logger: FastifyBaseLogger): ServerTrust => {
  const key = `${prefix}:cache-server`
  let trusted = false
  let lastSeen: string | undefined
  let connection = 0
  let retry: NodeJS.Timeout | undefined

  const recognise = async (): Promise<void> => {
    const identity = await identify(redis)
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

  redis.on('close', distrust).on('ready', check)
  if (redis.status === 'ready') void check()

  return {
    isTrusted: () => trusted,
    close: () => {
      distrust()
      redis.off('close', distrust).off('ready', check)
    },
  }
}
