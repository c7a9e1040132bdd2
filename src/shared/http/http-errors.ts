/** Faults of the protocol itself: they belong to HTTP and to no domain. */
export interface HttpFault {
  readonly code: string
  readonly status: number
  readonly title: string
}

const fault = (code: string, status: number, title: string): HttpFault => ({ code, status, title })

export const badRequest = fault('bad_request', 400, 'The request is not valid HTTP.')
export const methodNotAllowed = fault('method_not_allowed', 405, 'This method does not work here.')
export const requestTimeout = fault('request_timeout', 408, 'The request did not arrive in time.')
export const payloadTooLarge = fault('payload_too_large', 413, 'The body is too large.')
export const uriTooLong = fault('uri_too_long', 414, 'The address is too long.')
export const unsupportedMediaType = fault(
  'unsupported_media_type',
  415,
  'This is not sent in a media type, or an encoding, that is taken here.',
)
export const rangeNotSatisfiable = fault('range_not_satisfiable', 416, 'There is no such range.')
export const expectationFailed = fault('expectation_failed', 417, 'Only 100-continue can be expected.')
export const upgradeRequired = fault('upgrade_required', 426, 'This works by WebSocket alone.')
export const headersTooLarge = fault('headers_too_large', 431, 'The headers are too large.')
export const internalError = fault('internal_error', 500, 'Something went wrong on our side.')

/** Every fault of the protocol that this service answers with, for the document and the tests. */
export const httpFaults: readonly HttpFault[] = [
  badRequest,
  methodNotAllowed,
  requestTimeout,
  payloadTooLarge,
  uriTooLong,
  unsupportedMediaType,
  rangeNotSatisfiable,
  expectationFailed,
  upgradeRequired,
  headersTooLarge,
  internalError,
]

/** A protocol fault on its way to the error handler. */
export class HttpError extends Error {
  override readonly name = 'HttpError'

  constructor(
    readonly fault: HttpFault,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(fault.title)
  }
}
