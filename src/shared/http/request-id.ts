import { randomFillSync } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { v7 as uuidv7 } from 'uuid'

const WELL_FORMED = /^[\w.-]{8,128}$/

const ID_BYTES = 16
/** Random bytes for so many ids are fetched at once: each fetch costs as much as all else of an id. */
const random = new Uint8Array(256 * ID_BYTES)
let used = random.length

/** Its time is in it, as in our other ids; two of one millisecond are in no order. */
const newRequestId = (): string => {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  used += ID_BYTES
  return uuidv7({ random: random.subarray(used - ID_BYTES, used) })
}

/** Takes the caller's id over when it is safe to log and to echo, else makes one. */
export const requestIdOf = (request: IncomingMessage): string => {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : newRequestId()
}

/** Tells the caller the id of its request, so that a report can name the log line. */
export const registerRequestId = (app: FastifyInstance): void => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
}
