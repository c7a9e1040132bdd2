import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { newId } from '../new-id.js'

const WELL_FORMED = /^[\w.-]{8,128}$/

/** Takes the caller's id over when it is safe to log and to echo, else makes one. */
export const requestIdOf = (request: IncomingMessage): string => {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : newId()
}

/** Tells the caller the id of its request, so that a report can name the log line. */
export const registerRequestId = (app: FastifyInstance): void => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
}
