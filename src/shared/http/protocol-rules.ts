import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { newId } from '../new-id.js'
import { problemText } from './error-handler.js'
import { badRequest, expectationFailed, HttpError, unsupportedMediaType } from './http-errors.js'
import { PROBLEM_CONTENT_TYPE } from './problem.js'

const refuseExpectation = (_request: IncomingMessage, response: ServerResponse): void => {
  const requestId = newId()
  const text = problemText(new HttpError(expectationFailed), '', requestId)
  response
    .writeHead(expectationFailed.status, {
      'content-type': PROBLEM_CONTENT_TYPE,
      'content-length': Buffer.byteLength(text),
      'x-request-id': requestId,
      connection: 'close',
    })
    .end(text)
}

/**
 * Refuses, as every error is answered, what Node would refuse in its own words or not at all: a request
 * without a Host (RFC 9112, 3.2), an unknown expectation, and a body in an encoding that nobody undoes.
 */
export const registerProtocolRules = (app: FastifyInstance): void => {
  app.server.on('checkExpectation', refuseExpectation)
  app.addHook('onRequest', ({ headers, raw }, _reply, done) => {
    if (headers.host === undefined && raw.httpVersion === '1.1') return done(new HttpError(badRequest))
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') return done(new HttpError(unsupportedMediaType))
    done()
  })
}
