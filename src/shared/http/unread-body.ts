import type { IncomingMessage } from 'node:http'

/**
 * The rest of a refused body is read and thrown away, so that a client which is still sending gets to its answer; but no
 * more than this.
 */
export const MAX_UNREAD_BYTES = 20 * 1_024 * 1_024
/** Node throws it away below the stream, where nobody can count it but the socket. */
const LOOK_EVERY_MS = 100

/** How many bytes the body has: infinitely many when its sender does not say. */
export const announcedBytes = ({ headers }: IncomingMessage): number =>
  headers['transfer-encoding'] === undefined
    ? Number(headers['content-length'] ?? 0)
    : Number.POSITIVE_INFINITY

/** Ends the connection of a request that was refused once too much more of its body has come. */
export const limitUnread = (message: IncomingMessage): void => {
  if (message.complete || announcedBytes(message) <= MAX_UNREAD_BYTES) return
  const { socket } = message
  const last = socket.bytesRead + MAX_UNREAD_BYTES
  const timer = setInterval(() => {
    if (message.complete || socket.destroyed) clearInterval(timer)
    else if (socket.bytesRead > last) socket.destroy()
  }, LOOK_EVERY_MS)
  timer.unref()
}
