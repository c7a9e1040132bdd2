import type { WebSocket } from 'ws'
import type { Principal } from '../shared/principal.js'
import type { Reading } from './realtime.events.js'
import type { CloseReason, RealtimeMetrics } from './realtime.metrics.js'
import type { RealtimeMessage } from './realtime.schemas.js'

/**
 * What the client is told when we close; 4001 and 4002 are our own, the others RFC 6455's. Where there is none the
 * connection is cut off: whoever does not read gets no farewell either. The library itself says 1009 and 1002.
 */
const CODES: Partial<Record<CloseReason, number>> = {
  binary: 1003,
  flood: 1008,
  restarting: 1012,
  token_expired: 4001,
  session_ended: 4002,
}

/** Bytes that wait in this process for one client to read. */
const MAX_WAITING_BYTES = 256 * 1_024
const HEARTBEAT_MS = 25_000
/** A client has nothing to say; some send pings of their own. */
const MAX_FRAMES = 20
const FRAMES_WINDOW_MS = 10_000

export interface ConnectionNeeds {
  readonly socket: WebSocket
  readonly principal: Principal
  /** Milliseconds since 1970. */
  readonly tokenExpiresAt: number
  /** The last event that the client has; undefined for one that begins now. */
  readonly lastNumber: number | undefined
  readonly metrics: RealtimeMetrics
  readonly onClosed: (reason: CloseReason) => void
}

/** One open socket, and what its client has been told. */
export interface Connection {
  readonly principal: Principal
  readonly tokenExpiresAt: number
  /** The number of the last event that the client has; undefined before the first look. */
  readonly position: () => number | undefined
  /** When its stream was last looked at, by this process's own clock. */
  readonly lookedAt: () => number
  /** When Postgres last said that its session lives, by the same clock. */
  readonly vouchedAt: () => number
  readonly vouch: () => void
  /** Sends what the client has not got; where that cannot be said in full, a reset. */
  readonly deliver: (reading: Reading) => void
  readonly send: (message: RealtimeMessage) => boolean
  /** Asks for a sign of life when it is time, and closes a socket that gave none since it was last asked. */
  readonly beat: (now: number) => void
  readonly close: (reason: CloseReason) => void
}

/** Counts frames, and says when they are too many. */
const createFrameLimit = () => {
  let frames = 0
  let since = performance.now()
  return (): boolean => {
    const now = performance.now()
    if (now - since > FRAMES_WINDOW_MS) [frames, since] = [0, now]
    frames += 1
    return frames > MAX_FRAMES
  }
}

export const createConnection = (needs: ConnectionNeeds): Connection => {
  const { socket, principal, tokenExpiresAt, lastNumber, metrics, onClosed } = needs
  let position = lastNumber
  let isGreeted = false
  let lookedAt = Number.NEGATIVE_INFINITY
  let vouchedAt = Number.NEGATIVE_INFINITY
  let isAlive = true
  // Those of a burst are not asked all at once.
  let beatAt = performance.now() + HEARTBEAT_MS * (0.5 + Math.random() / 2)
  let closedFor: CloseReason | undefined

  const close = (reason: CloseReason): void => {
    if (closedFor !== undefined) return
    closedFor = reason
    const code = CODES[reason]
    if (code === undefined) socket.terminate()
    else socket.close(code, reason)
  }

  const send = (message: RealtimeMessage): boolean => {
    if (closedFor !== undefined || socket.readyState !== socket.OPEN) return false
    if (socket.bufferedAmount > MAX_WAITING_BYTES) {
      close('slow')
      return false
    }
    socket.send(JSON.stringify(message))
    return true
  }

  const startAt = (type: 'ready' | 'reset', number: number): void => {
    if (send({ type, id: String(number) })) [position, isGreeted] = [number, true]
  }

  const deliver = ({ last, events }: Reading): void => {
    lookedAt = performance.now()
    const known = position ?? last
    // Not all of them: too many, too old, or the client's number is of another stream.
    if (events.length !== last - known) {
      startAt('reset', last)
      return
    }
    if (!isGreeted) startAt('ready', known)
    for (const { number, type, occurredAt, data } of events) {
      if (!send({ id: String(number), type, occurredAt, data })) return
      position = number
      metrics.sent()
    }
  }

  const countFrame = createFrameLimit()
  const heed = (): void => {
    isAlive = true
    if (!countFrame()) return
    close('flood')
    // What a flood still brings is not even read, whatever the socket is closed for.
    socket.pause()
  }
  socket.on('message', (_data, isBinary) => {
    if (isBinary) close('binary')
    heed()
  })
  socket.on('ping', heed)
  socket.on('pong', heed)
  socket.on('error', (error) => {
    const isTooLarge = 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    closedFor ??= isTooLarge ? 'too_large' : 'protocol'
  })
  socket.once('close', () => onClosed(closedFor ?? 'client'))

  return {
    principal,
    tokenExpiresAt,
    position: () => position,
    lookedAt: () => lookedAt,
    vouchedAt: () => vouchedAt,
    vouch: () => {
      vouchedAt = performance.now()
    },
    deliver,
    send,
    close,
    beat: (now) => {
      if (now < beatAt) return
      if (!isAlive) return close('silent')
      isAlive = false
      beatAt = now + HEARTBEAT_MS
      socket.ping()
    },
  }
}
