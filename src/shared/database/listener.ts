import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import type { Logger } from '../telemetry/logger.js'
import { DRIVER_TYPES } from './driver-types.js'
import { createSockets } from './sockets.js'

export interface Listener {
  readonly close: () => Promise<void>
}

const CLOSE_TIMEOUT_SECONDS = 1
const CONNECT_TIMEOUT_SECONDS = 5
const RETRY_MS = 5_000

/**
 * Calls `onNotify` for each notification on the channel and after each (re)connection, since whatever
 * was announced in between is lost. It has a connection of its own: LISTEN belongs to a session, so a
 * pooler in transaction mode cannot carry it. While Postgres is away it keeps trying.
 */
export const listen = (url: string, channel: string, onNotify: () => void, logger: Logger): Listener => {
  const sockets = createSockets()
  const client = postgres(url, {
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    onnotice: () => {},
    ...DRIVER_TYPES,
    connection: { application_name: 'unnest-listener' },
    ...{ socket: sockets.open },
  })
  let closed = false
  let retry: NodeJS.Timeout | undefined

  const subscribe = async (): Promise<void> => {
    try {
      await client.listen(channel, onNotify, onNotify)
    } catch (error) {
      logger.debug({ channel, err: error }, 'cannot listen yet')
      if (!closed) retry = setTimeout(trySubscribing, RETRY_MS)
    }
  }
  const trySubscribing = () => {
    subscribing = subscribe()
  }
  let subscribing = subscribe()

  return {
    close: async () => {
      closed = true
      clearTimeout(retry)
      // Ended while it connects, the driver would leave the socket open behind it.
      await Promise.race([subscribing, wait(CLOSE_TIMEOUT_SECONDS * 1_000, undefined, { ref: false })])
      await client.end({ timeout: CLOSE_TIMEOUT_SECONDS })
      sockets.closeAll()
    },
  }
}
