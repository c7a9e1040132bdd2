/**
 * What went wrong, in the language of the domain. `shared/http/problem.ts` maps each kind to a status and
 * `shared/queue/processor.ts` to retry or give up, so a service knows neither HTTP nor queues.
 */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'in_progress'
  | 'outdated'
  | 'unprocessable'
  | 'too_many'
  | 'unavailable'

/** One fault of an invalid input: where (a JSON path such as `items.0.quantity`) and what. */
export interface FieldFault {
  readonly path: string
  readonly message: string
}

/** Facts that a client may see beside the code: shown as further members of the problem (RFC 9457, 3.2). */
export type ErrorFacts = Readonly<Record<string, unknown>>

/** An expected failure with a stable code. Anything else that is thrown is a defect of ours. */
export class DomainError extends Error {
  override readonly name = 'DomainError'

  constructor(
    readonly code: string,
    readonly kind: ErrorKind,
    readonly title: string,
    detail: string,
    readonly facts: ErrorFacts,
    options?: ErrorOptions,
  ) {
    super(detail, options)
  }
}

export interface ErrorOccasion {
  /** Says what happened this time; the title, if absent. */
  detail?: string
  facts?: ErrorFacts
  cause?: unknown
}

/** Makes the error of one kind of occasion; `code` is what clients program against. */
export interface ErrorDefinition {
  (occasion?: ErrorOccasion): DomainError
  readonly code: string
  readonly kind: ErrorKind
  readonly title: string
}

const definitions = new Map<string, ErrorDefinition>()

/**
 * Declares an error once, as a constant of its domain's `*.errors.ts`.
 * @throws Error when the code is taken: two meanings of one code cannot be told apart by a client.
 */
export const defineError = (code: string, kind: ErrorKind, title: string): ErrorDefinition => {
  if (definitions.has(code)) throw new Error(`The error code ${code} is defined twice`)
  const make = ({ detail = title, facts = {}, cause }: ErrorOccasion = {}) =>
    new DomainError(code, kind, title, detail, facts, cause === undefined ? undefined : { cause })
  const definition = Object.assign(make, { code, kind, title })
  definitions.set(code, definition)
  return definition
}

/** Every error that the loaded domains can answer with, for the document and the tests. */
export const definedErrors = (): readonly ErrorDefinition[] => [...definitions.values()]

export const validationFailed = defineError('validation_failed', 'invalid', 'The input is not valid.')
export const notFound = defineError('not_found', 'not_found', 'There is nothing here.')
export const unauthenticated = defineError(
  'unauthenticated',
  'unauthenticated',
  'Sign in: the access token is missing, expired or not valid.',
)
export const forbidden = defineError('forbidden', 'forbidden', 'You may not do this.')
export const preconditionFailed = defineError(
  'precondition_failed',
  'outdated',
  'This is not the version that the request expects.',
)
export const idempotencyInFlight = defineError(
  'idempotency_in_flight',
  'in_progress',
  'The first request with this Idempotency-Key is not answered yet: try again.',
)
export const idempotencyKeyReused = defineError(
  'idempotency_key_reused',
  'unprocessable',
  'This Idempotency-Key was used for another request.',
)
export const tooManyRequests = defineError(
  'too_many_requests',
  'too_many',
  'Too many requests: wait a little.',
)
export const unavailable = defineError('unavailable', 'unavailable', 'The service is briefly unavailable.')
