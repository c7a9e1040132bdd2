import type { IncomingMessage } from 'node:http'

/** Twice the largest body that any route takes. */
export const MAX_DISCARDED_BYTES = 20 * 1_024 * 1_024

/**
 * Reads the rest of a body that nobody wants and throws it away, so that a client which is still sending gets to its
 * answer, and the connection to its next request; whoever sends more than `MAX_DISCARDED_BYTES` of it is cut off. Node
 * itself would read on for as long as a request may take, and only what nobody has begun to read. Asked again it does no
 * more.
 */
export const discardRest = (request: IncomingMessage): void => {
  if (request.complete) return
  let bytes = 0
  request.unpipe()
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_DISCARDED_BYTES) request.destroy()
  })
  request.resume()
}
