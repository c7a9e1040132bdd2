import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { isTransientFailure } from '../database/failures.js'
import {
  DomainError,
  type ErrorFacts,
  type ErrorKind,
  type FieldFault,
  preconditionFailed,
  unavailable,
  validationFailed,
} from '../errors.js'
import { etagOf } from './conditional.js'
import {
  badRequest,
  HttpError,
  type HttpFault,
  httpFaults,
  internalError,
  payloadTooLarge,
  unsupportedMediaType,
  uriTooLong,
} from './http-errors.js'

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8'

/** The one table from kinds of domain error to HTTP. */
export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  in_progress: 409,
  outdated: 412,
  unprocessable: 422,
  too_many: 429,
  unavailable: 503,
}

const HEADERS_OF_KIND: Partial<Record<ErrorKind, Readonly<Record<string, string>>>> = {
  unauthenticated: { 'www-authenticate': 'Bearer' },
  in_progress: { 'retry-after': '1' },
  unavailable: { 'retry-after': '1' },
}

/** The tag of the version that is there now, so that the caller need not ask for it. */
const currentTag = ({ currentVersion }: ErrorFacts): Problem['headers'] =>
  typeof currentVersion === 'number' ? { etag: etagOf(currentVersion) } : {}

/** What the framework throws, by its code; anything else with a status of 4xx goes by that. */
const FRAMEWORK_FAULTS: Readonly<Record<string, HttpFault>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: payloadTooLarge,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: unsupportedMediaType,
  FST_ERR_MAX_PARAM_LENGTH: uriTooLong,
}

const UNREADABLE_BODIES = new Set([
  'FST_ERR_CTP_INVALID_JSON_BODY',
  'FST_ERR_CTP_EMPTY_JSON_BODY',
  'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
])

/** An error as its answer: RFC 9457 members, and the headers that go with it. */
export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: {
    readonly type: string
    readonly title: string
    readonly status: number
    readonly detail: string
    readonly code: string
    readonly [member: string]: unknown
  }
}

const problem = (
  { code, status, title }: HttpFault,
  detail: string,
  members: Readonly<Record<string, unknown>> = {},
  headers: Problem['headers'] = {},
): Problem => ({
  status,
  headers,
  body: { ...members, type: `urn:unnest:problem:${code}`, title, status, detail, code },
})

const ofDomain = (error: DomainError): Problem =>
  problem(
    { code: error.code, status: STATUS_OF_KIND[error.kind], title: error.title },
    error.message,
    error.facts,
    { ...HEADERS_OF_KIND[error.kind], ...currentTag(error.facts) },
  )

/** A hostile body has as many faults as it has bytes; nobody reads more than the first ones. */
const MAX_FAULTS = 20
/** Characters: a message may name what was sent, e.g. every unknown field. */
const MAX_FAULT_LENGTH = 200

const toPath = (instancePath: string): string => instancePath.replace(/^\//, '').replaceAll('/', '.')

const invalidInput = (errors: readonly FieldFault[]): Problem =>
  ofDomain(validationFailed({ facts: { errors } }))

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** Libraries mark what is the client's fault with a status; their texts are not for clients. */
const clientStatusOf = (error: unknown): number | undefined =>
  error instanceof Error &&
  'statusCode' in error &&
  typeof error.statusCode === 'number' &&
  error.statusCode >= 400 &&
  error.statusCode < 500
    ? error.statusCode
    : undefined

const ofFramework = (error: unknown): Problem | undefined => {
  const code = codeOf(error) ?? ''
  if (UNREADABLE_BODIES.has(code)) return invalidInput([{ path: '', message: 'the body is not valid JSON' }])
  const status = clientStatusOf(error)
  if (status === undefined) return undefined
  if (status === STATUS_OF_KIND.outdated) return ofDomain(preconditionFailed())
  const known = FRAMEWORK_FAULTS[code] ?? httpFaults.find((fault) => fault.status === status) ?? badRequest
  return problem(known, known.title)
}

/** Turns whatever was thrown into the answer; what is not in a table is a defect and says nothing of itself. */
export const toProblem = (error: unknown): Problem => {
  if (error instanceof DomainError) return ofDomain(error)
  if (error instanceof HttpError) return problem(error.fault, error.fault.title, {}, error.headers)
  if (hasZodFastifySchemaValidationErrors(error)) {
    return invalidInput(
      error.validation.slice(0, MAX_FAULTS).map(({ instancePath, message }) => ({
        path: toPath(instancePath),
        message: (message ?? 'is not valid').slice(0, MAX_FAULT_LENGTH),
      })),
    )
  }
  const framework = ofFramework(error)
  if (framework) return framework
  if (isTransientFailure(error)) return ofDomain(unavailable())
  return problem(internalError, internalError.title)
}
