import type { Registry } from 'prom-client'
import type { WebSocket } from 'ws'
import type { SessionsService, SessionWatch } from '../sessions/sessions.container.js'
import { DeadlineError, withDeadline } from '../shared/deadline.js'
import { unavailable } from '../shared/errors.js'
import type { Principal } from '../shared/principal.js'
import { createHintSubscriber } from '../shared/realtime/hints.js'
import type { RedisClient } from '../shared/redis/client.js'
import type { Logger } from '../shared/telemetry/logger.js'
import { type Connection, createConnection } from './realtime.connection.js'
import { tooManySockets } from './realtime.errors.js'
import { createLooks } from './realtime.looks.js'
import { type CloseReason, createRealtimeMetrics } from './realtime.metrics.js'
import type { RealtimeService } from './realtime.service.js'

export interface RealtimeSettings {
  /** A connection of the hub's own, for hints. */
  readonly subscriber: RedisClient
  readonly redisPrefix: string
  readonly registry: Registry
  readonly logger: Logger
  readonly socketsPerUser: number
  readonly socketsPerPod: number
}

export interface RealtimeHubNeeds {
  readonly realtimeService: RealtimeService
  readonly sessionsService: Pick<SessionsService, 'findLive'>
  readonly sessionWatch: Pick<SessionWatch, 'verdict'>
  readonly realtimeSettings: RealtimeSettings
}

/** A handshake that was accepted. */
export interface Arrival {
  readonly socket: WebSocket
  readonly principal: Principal
  readonly tokenExpiresAt: number
  readonly lastNumber: number | undefined
  readonly onClosed: (reason: CloseReason) => void
}

/** The sockets of this pod. */
export interface RealtimeHub {
  /** Call it right before `join`, with no wait in between. @throws too_many_sockets; unavailable when the pod is full or stops */
  readonly requireRoom: (userId: string) => void
  readonly join: (arrival: Arrival) => void
  /** Begins to watch over them; `close` tells each when to come again, to whatever pod, and waits two seconds at most. */
  readonly start: () => { readonly close: () => Promise<void> }
}

/** The list of ended sessions vouches for four seconds, and five is the promise: what is left is this and a query. */
const WATCH_EVERY_MS = 500
/** A hint may get lost: looks that nobody has asked for find what it told of. */
const LOOK_EVERY_MS = 30_000
/** While no hint can arrive. */
const LOOK_OFTEN_MS = 5_000
/** A session that nobody can vouch for is asked about; see `closeEnded`. */
const DOUBT_MS = 3_000
const CHECK_HINTS_EVERY_MS = 5_000
/** Sockets of a stopping pod come back spread over this time. */
const RECONNECT_WITHIN_MS = 10_000
/** The library cuts off who has not answered its close by then, too. */
export const FAREWELL_MS = 2_000

export const createRealtimeHub = (needs: RealtimeHubNeeds): RealtimeHub => {
  const { sessionWatch, realtimeSettings: settings } = needs
  const { subscriber, redisPrefix, registry, logger, socketsPerUser, socketsPerPod } = settings
  const connections = new Set<Connection>()
  const byUser = new Map<string, Set<Connection>>()
  const metrics = createRealtimeMetrics(registry, () => connections.size)
  const looks = createLooks({ ...needs, logger })
  const hints = createHintSubscriber({
    redis: subscriber,
    prefix: redisPrefix,
    onHint: (userId) => looks.lookFor(byUser.get(userId) ?? []),
    onListening: () => looks.lookFor(connections),
  })
  let isStopping = false
  let whenEmpty = (): void => {}

  const add = async (connection: Connection): Promise<void> => {
    const { userId } = connection.principal
    const own = byUser.get(userId) ?? new Set()
    byUser.set(userId, own.add(connection))
    connections.add(connection)
    // First, so that what is recorded behind the look is hinted at.
    if (own.size === 1) await hints.follow(userId)
    looks.lookFor(own)
  }

  const remove = (connection: Connection): void => {
    const { userId } = connection.principal
    connections.delete(connection)
    looks.forget(connection)
    const own = byUser.get(userId)
    own?.delete(connection)
    if (own?.size === 0) {
      byUser.delete(userId)
      hints.unfollow(userId)
    }
    if (connections.size === 0) whenEmpty()
  }

  /** @returns whether it is time to look at its stream */
  const watch = (connection: Connection, now: number): boolean => {
    const verdict = sessionWatch.verdict(connection.principal.sessionId)
    if (Date.now() >= connection.tokenExpiresAt) connection.close('token_expired')
    else if (verdict === 'ended') connection.close('session_ended')
    else connection.beat(now)
    // Its last look may have been before the doubt, and have asked nobody.
    if (verdict === 'unknown') return now - connection.vouchedAt() >= DOUBT_MS
    return now - connection.lookedAt() >= (hints.isListening() ? LOOK_EVERY_MS : LOOK_OFTEN_MS)
  }

  const watchAll = (): void => {
    const now = performance.now()
    looks.lookFor([...connections].filter((connection) => watch(connection, now)))
  }

  const sayFarewell = async (): Promise<void> => {
    if (connections.size === 0) return
    const empty = new Promise<void>((resolve) => {
      whenEmpty = resolve
    })
    for (const connection of connections) {
      connection.send({ type: 'reconnect', afterMs: Math.round(Math.random() * RECONNECT_WITHIN_MS) })
      connection.close('restarting')
    }
    await withDeadline('the farewell to sockets', FAREWELL_MS, empty).catch((error) => {
      if (!(error instanceof DeadlineError)) throw error
    })
  }

  return {
    requireRoom: (userId) => {
      if (isStopping || connections.size >= socketsPerPod) throw unavailable()
      if ((byUser.get(userId)?.size ?? 0) >= socketsPerUser) throw tooManySockets()
    },

    join: ({ onClosed, ...arrival }) => {
      const connection = createConnection({
        ...arrival,
        metrics,
        onClosed: (reason) => {
          metrics.closed(reason)
          remove(connection)
          onClosed(reason)
        },
      })
      void add(connection)
    },

    start: () => {
      const watching = setInterval(watchAll, WATCH_EVERY_MS)
      const checking = setInterval(hints.check, CHECK_HINTS_EVERY_MS)
      return {
        close: async () => {
          isStopping = true
          clearInterval(watching)
          clearInterval(checking)
          await sayFarewell()
          hints.close()
        },
      }
    },
  }
}
