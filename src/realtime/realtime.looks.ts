import type { SessionsService, SessionWatch } from '../sessions/sessions.container.js'
import { withDeadline } from '../shared/deadline.js'
import type { Logger } from '../shared/telemetry/logger.js'
import type { Connection } from './realtime.connection.js'
import type { Reading } from './realtime.events.js'
import type { RealtimeService } from './realtime.service.js'

/** Sockets of one query: with all that a replay may send each of them it is a few megabytes. */
const BATCH = 100
/** Of one connection that is dead and does not know it, the other sockets are not to wait for longer. */
const LOOK_TIMEOUT_MS = 3_000
/** Behind every event: who begins now wants none that was before. */
const END = Number.MAX_SAFE_INTEGER

export interface LooksNeeds {
  readonly realtimeService: Pick<RealtimeService, 'readStreams'>
  readonly sessionsService: Pick<SessionsService, 'findLive'>
  readonly sessionWatch: Pick<SessionWatch, 'verdict'>
  readonly logger: Logger
}

/** Reads what connections have missed, and sends it. */
export interface Looks {
  /** Looks soon, once however often it is asked meanwhile; many at once share a query. */
  readonly lookFor: (connections: Iterable<Connection>) => void
  /** Not for this one: it is closed. */
  readonly forget: (connection: Connection) => void
}

export const createLooks = (needs: LooksNeeds): Looks => {
  const { realtimeService, sessionsService, sessionWatch, logger } = needs
  const due = new Set<Connection>()
  let isLooking = false

  const takeBatch = (): Connection[] => {
    const batch = [...due].slice(0, BATCH)
    for (const connection of batch) due.delete(connection)
    return batch
  }

  /** Where the list of ended sessions cannot vouch, Postgres is asked: slower, never open. */
  const closeEnded = async (batch: readonly Connection[]): Promise<void> => {
    const unknown = batch.filter(({ principal }) => sessionWatch.verdict(principal.sessionId) === 'unknown')
    if (unknown.length === 0) return
    const live = await sessionsService.findLive(unknown.map(({ principal }) => principal.sessionId))
    for (const connection of unknown) {
      if (live.includes(connection.principal.sessionId)) connection.vouch()
      else connection.close('session_ended')
    }
  }

  const read = async (batch: readonly Connection[]): Promise<Reading[]> => {
    const readers = batch.map(({ principal: { userId }, position }) => ({ userId, after: position() ?? END }))
    const readings = await realtimeService.readStreams(readers)
    await closeEnded(batch)
    return readings
  }

  const look = async (batch: readonly Connection[]): Promise<void> => {
    // What comes later is dropped: the next look may have delivered it by then.
    const readings = await withDeadline('the look for events', LOOK_TIMEOUT_MS, read(batch))
    batch.forEach((connection, at) => {
      const reading = readings[at]
      if (reading) connection.deliver(reading)
    })
  }

  const run = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    let batch: readonly Connection[] = []
    try {
      while (due.size > 0) {
        batch = takeBatch()
        await look(batch)
      }
    } catch (error) {
      // Postgres is away or busy: they are due until the next call, which comes within a second.
      for (const connection of batch) due.add(connection)
      logger.debug({ err: error }, 'cannot look for events now')
    } finally {
      isLooking = false
    }
  }

  return {
    lookFor: (connections) => {
      for (const connection of connections) due.add(connection)
      void run()
    },
    forget: (connection) => void due.delete(connection),
  }
}
