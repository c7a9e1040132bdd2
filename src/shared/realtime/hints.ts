import type { Announce } from '../database/changes.js'
import { withDeadline } from '../deadline.js'
import type { RedisClient } from '../redis/client.js'

/*
 * A hint says "this user's stream has something new", and no more: what it is stands in Postgres. One that gets lost costs
 * time and nothing else, since sockets also look without being told to.
 */

const TAG = 'realtime:'

/** The tag of a user's stream, for `noteChanges`. */
export const streamTag = (userId: string): string => `${TAG}${userId}`

export const isStreamTag = (tag: string): boolean => tag.startsWith(TAG)

/** A channel for each user: Redis sends a hint only to pods on which that user has a socket. */
const channelOf = (prefix: string, tag: string): string => `${prefix}:${tag}`

/** Tells the pods of changed streams, each once and without trying again. */
export const createHintPublisher =
  (redis: RedisClient, prefix: string): Announce =>
  async (tags) => {
    await Promise.allSettled(tags.map((tag) => redis.publish(channelOf(prefix, tag), '')))
  }

export interface HintSubscriberNeeds {
  /** A connection of its own: one that is subscribed can do nothing else. */
  readonly redis: RedisClient
  readonly prefix: string
  /** Told of each hint. */
  readonly onHint: (userId: string) => void
  /** Told when hints arrive again, after some may have been lost. */
  readonly onListening: () => void
}

export interface HintSubscriber {
  /** Resolves when hints for this user arrive, or when it is known that they do not for now. Never rejects. */
  readonly follow: (userId: string) => Promise<void>
  readonly unfollow: (userId: string) => void
  /** Whether hints arrive, as far as is known. */
  readonly isListening: () => boolean
  /** Asks for an answer, which a connection that is dead and does not know it will not give; subscribes again what was missed. */
  readonly check: () => void
  readonly close: () => void
}

const AT_ONCE = 1_000
/** Above the connection's own time-out, which does not count where a Cluster's client subscribes. */
const ANSWER_TIMEOUT_MS = 5_000

const inChunks = (items: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, at) =>
    items.slice(at * AT_ONCE, (at + 1) * AT_ONCE),
  )

/** Subscribes to the users that it is told to follow, and again to all of them after an outage. */
export const createHintSubscriber = (needs: HintSubscriberNeeds): HintSubscriber => {
  const { redis, prefix, onHint, onListening } = needs
  const followed = new Set<string>()
  const channelOfUser = (userId: string): string => channelOf(prefix, streamTag(userId))
  const usersBegin = channelOfUser('').length
  /** Nobody publishes on it: a subscription that is always answered. */
  const probe = channelOf(prefix, 'realtime')
  let isListening = false

  const fail = (): void => {
    isListening = false
  }

  const subscribe = (...channels: readonly string[]): Promise<unknown> =>
    withDeadline('subscribing to hints', ANSWER_TIMEOUT_MS, redis.subscribe(...channels))

  const listenAnew = async (): Promise<void> => {
    try {
      await subscribe(probe)
      for (const users of inChunks([...followed])) await subscribe(...users.map(channelOfUser))
      isListening = true
      onListening()
    } catch {
      fail()
    }
  }
  const onReady = (): void => void listenAnew()
  const onMessage = (channel: string): void => onHint(channel.slice(usersBegin))

  redis.on('ready', onReady).on('close', fail).on('message', onMessage)
  if (redis.status === 'ready') onReady()

  return {
    isListening: () => isListening,
    follow: async (userId) => {
      followed.add(userId)
      await subscribe(channelOfUser(userId)).catch(fail)
    },
    unfollow: (userId) => {
      if (followed.delete(userId)) redis.unsubscribe(channelOfUser(userId)).catch(fail)
    },
    check: () => {
      if (redis.status !== 'ready') return
      if (isListening) subscribe(probe).catch(fail)
      else onReady()
    },
    close: () => {
      redis.off('ready', onReady).off('close', fail).off('message', onMessage)
    },
  }
}
