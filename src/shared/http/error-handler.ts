import { STATUS_CODES } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type DomainError, notFound } from '../errors.js'
import { newId } from '../new-id.js'
import { discardRest } from './discard-rest.js'
import { badRequest, HttpError, type HttpFault, headersTooLarge, requestTimeout } from './http-errors.js'
import { PROBLEM_CONTENT_TYPE, type Problem, toProblem } from './problem.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** What failed with a 5xx, for the request's one log line. */
    failure: unknown
  }
}

const bodyOf = ({ body }: Problem, instance: string, requestId: string): string =>
  JSON.stringify({ ...body, instance, requestId })

const MAX_INSTANCE_LENGTH = 200

/** The path alone: the rest of an address may carry what nobody wants to see twice. */
const pathOf = (url: string): string =>
  url
    .replace(/^\w+:\/\/[^/?#]*/, '')
    .replace(/[?#].*$/s, '')
    .slice(0, MAX_INSTANCE_LENGTH)

/** Answers with problem+json (RFC 9457), for the app's errors and for the framework's own. */
export const sendProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
  const problem = toProblem(error)
  if (problem.status >= 500) request.failure = error
  void reply
    .code(problem.status)
    .headers(problem.headers)
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .type(PROBLEM_CONTENT_TYPE)
    .send(bodyOf(problem, pathOf(request.url), request.id))
  discardRest(request.raw)
}

/**
 * Answers a request that nothing has been done for yet, past all that an answer goes through otherwise: whoever is refused for too
 * much being asked must cost a fraction of what is asked. Its log line and its metrics it has like all others.
 */
export const refuseAtOnce = (error: DomainError, request: FastifyRequest, reply: FastifyReply): void => {
  const problem = toProblem(error)
  const text = bodyOf(problem, pathOf(request.url), request.id)
  request.failure = error
  reply.hijack()
  reply.raw
    .writeHead(problem.status, {
      ...problem.headers,
      'content-type': PROBLEM_CONTENT_TYPE,
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      'x-request-id': request.id,
    })
    .end(text)
  discardRest(request.raw)
}

const REQUEST_ID = /"requestId":"[^"]*"/

/** Sends the text of a problem that another request was answered with, as this one's. */
export const repeatProblem = (
  status: number,
  text: string,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply =>
  reply
    .code(status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_CONTENT_TYPE)
    .send(text.replace(REQUEST_ID, () => `"requestId":${JSON.stringify(request.id)}`))

/** Makes every error of every route an answer of one form. */
export const registerErrorHandler = (app: FastifyInstance): void => {
  app.decorateRequest('failure', null)
  app.setErrorHandler(sendProblem)
}

/**
 * Answers what no route does. A subtree, for a hook of its own that answers before the body is read: it
 * would be parsed for nothing, and a broken one would hide that the address is wrong. Call it last.
 */
export const registerNotFound = async (app: FastifyInstance): Promise<void> => {
  await app.register(async (subtree) => {
    const refuse = async (): Promise<never> => {
      throw notFound()
    }
    subtree.addHook('onRequest', refuse)
    subtree.setNotFoundHandler(refuse)
  })
}

const FAULT_OF_SOCKET_ERROR: Readonly<Record<string, HttpFault>> = {
  HPE_HEADER_OVERFLOW: headersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: requestTimeout,
}

interface RawSocket {
  readonly writable: boolean
  end(text: string): unknown
  destroy(): unknown
}

/** The answer's text, for those who write to the connection themselves. */
export const problemText = (error: unknown, instance: string, requestId: string): string =>
  bodyOf(toProblem(error), instance, requestId)

/** Answers what is not even HTTP, straight to the socket: there is no request yet to reply to. */
export const answerClientError = (error: NodeJS.ErrnoException, socket: RawSocket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = toProblem(new HttpError(FAULT_OF_SOCKET_ERROR[error.code ?? ''] ?? badRequest))
  const requestId = newId()
  const body = bodyOf(problem, '', requestId)
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      `content-type: ${PROBLEM_CONTENT_TYPE}`,
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
