import postgres from 'postgres'
import type { Logger } from '../telemetry/logger.js'

export interface Listener {
  readonly close: () => Promise<void>
}

const CLOSE_TIMEOUT_SECONDS = 1
const RETRY_MS = 5_000

/**
 * Calls `onNotify` for each notification on the channel and after each (re)connection, since whatever
 * was announced in between is lost. It has a connection of its own: LISTEN belongs to a session, so a
 * pooler in transaction mode cannot carry it. While Postgres is away it keeps trying.
 */
export const listen = (url: string, channel: string, onNotify: () => void, logger: Logger): Listener => {
  const client = postgres(url, { max: 1, onnotice: () => {}, connection: { application_name: 'listener' } })
  let retry: NodeJS.Timeout | undefined

  const subscribe = (): void => {
    client.listen(channel, onNotify, onNotify).catch((error: unknown) => {
      logger.debug({ channel, err: error }, 'cannot listen yet')
      retry = setTimeout(subscribe, RETRY_MS)
    })
  }

  subscribe()
  return {
    close: () => {
      clearTimeout(retry)
      return client.end({ timeout: CLOSE_TIMEOUT_SECONDS })
    },
  }
}
