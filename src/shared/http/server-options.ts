import type { Server } from 'node:http'
import { type FastifyHttpOptions, LogController } from 'fastify'
import { answerClientError } from './error-handler.js'
import { requestIdOf } from './request-id.js'
import { answerUnroutable } from './request-log.js'

const MAX_BODY_BYTES = 1_048_576
const MAX_PARAMETER_LENGTH = 200
/**
 * A whole request, headers and body, must have arrived by then: slow senders hold a socket no longer. A little more than an
 * uploaded file gets, whose route answers for itself.
 */
const REQUEST_TIMEOUT_MS = 35_000
/** Must be the shorter one: Node exchanges the two where it is not, and its own, of 60 s, would be what a body gets. */
const HEADERS_TIMEOUT_MS = 30_000
/** How late the two may come. */
const CHECK_EVERY_MS = 5_000
/**
 * Of a connection on which a request is in hand and nothing moves: whoever does not read his answers would have them kept for
 * him. Node counts it up to twice. Above all times in which a request may come in, since those have an answer.
 */
const STALLED_TIMEOUT_MS = 45_000
/** Longer than the usual balancer's own 60 s, so that it is never us who closes a socket it is about to use. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000

/** Limits and hooks that must be given when the server is made. */
export const serverOptions = {
  bodyLimit: MAX_BODY_BYTES,
  requestTimeout: REQUEST_TIMEOUT_MS,
  connectionTimeout: STALLED_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  http: {
    // `protocol-rules.ts` asks for it, and answers as every error is answered.
    requireHostHeader: false,
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_EVERY_MS,
  },
  routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
  // Idle connections are closed at once; those with a request in hand when it is answered.
  forceCloseConnections: 'idle',
  // What still comes on a busy connection while we close is served, with `Connection: close`.
  return503OnClosing: false,
  genReqId: requestIdOf,
  requestIdHeader: false,
  // The framework's own lines cost more than its routing; `request-log.ts` writes the one line.
  logController: new LogController({ disableRequestLogging: true }),
  frameworkErrors: answerUnroutable,
  clientErrorHandler: answerClientError,
} satisfies FastifyHttpOptions<Server>
