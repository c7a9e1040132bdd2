import { DeadlineError } from '../deadline.js'

const MAX_CAUSES = 5

const codeIn = (thrown: unknown): string | undefined =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined

/** Walks an error and its causes (drizzle wraps the driver's error) until `pick` finds something. */
const inCauses = <T>(thrown: unknown, pick: (error: unknown) => T | undefined): T | undefined => {
  let current = thrown
  for (let depth = 0; depth < MAX_CAUSES && current !== undefined; depth += 1) {
    const found = pick(current)
    if (found !== undefined) return found
    current = current instanceof Error ? current.cause : undefined
  }
  return undefined
}

/** Unique and foreign key violations. */
const VIOLATIONS = new Set<string | undefined>(['23505', '23503'])

const violatedConstraint = (error: unknown): string | undefined =>
  VIOLATIONS.has(codeIn(error)) &&
  typeof error === 'object' &&
  error !== null &&
  'constraint_name' in error &&
  typeof error.constraint_name === 'string'
    ? error.constraint_name
    : undefined

/**
 * Lets constraints speak: runs the write and turns the name of the constraint that it violates into
 * the domain's error, or one that its service understands. Asking first and writing then would lose the race between two pods.
 */
export const translateViolations = async <T>(
  errors: Readonly<Record<string, () => Error>>,
  write: () => Promise<T>,
): Promise<T> => {
  try {
    return await write()
  } catch (error) {
    const constraint = inCauses(error, violatedConstraint)
    const toDomain = constraint === undefined ? undefined : errors[constraint]
    throw toDomain ? toDomain() : error
  }
}

/** Class 08 is "connection exception", 57 "operator intervention" (shutdown, cancel), 53 "no resources". */
const TRANSIENT_SQLSTATE = /^(08|57|53)/
/**
 * Conflicts of transactions and locks; 25P03 and 25P04: a transaction took or idled too long, as in a process that was
 * frozen; 3D000: the database is not there, e.g. while it is restored.
 */
const TRANSIENT_SQLSTATES = new Set(['40001', '40P01', '55P03', '25P03', '25P04', '3D000'])
/** Class 28 is "invalid authorization"; 3D000: no such database; 42704: no such role or setting. */
const MISCONFIGURED_SQLSTATE = /^(28...|3D000|42704)$/
const LOST_CONNECTION_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
])

const TRANSIENT_DRIVER_CODES = new Set([
  ...LOST_CONNECTION_CODES,
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'POOL_EXHAUSTED',
])

/** Whether the failure is the database's state of the moment: the same call may succeed a little later. */
export const isTransientFailure = (thrown: unknown): boolean =>
  inCauses(thrown, (error) => {
    const code = codeIn(error)
    if (code === undefined) return undefined
    const transient =
      TRANSIENT_SQLSTATE.test(code) || TRANSIENT_SQLSTATES.has(code) || TRANSIENT_DRIVER_CODES.has(code)
    return transient || undefined
  }) ?? false

/** The same, for whoever sets the database a time limit: packets that vanish are a state of the moment, too. */
export const mayPass = (thrown: unknown): boolean =>
  isTransientFailure(thrown) || thrown instanceof DeadlineError

/** Whether the connection went with the failure: the server ends it after whatever it calls FATAL. */
export const isConnectionLost = (thrown: unknown): boolean =>
  inCauses(thrown, (error) => {
    const isFatal =
      typeof error === 'object' &&
      error !== null &&
      'severity' in error &&
      (error.severity === 'FATAL' || error.severity === 'PANIC')
    return isFatal || LOST_CONNECTION_CODES.has(codeIn(error) ?? '') || undefined
  }) ?? false

/** What Postgres says of an address or a password that is wrong: at boot that is no outage, and no waiting helps. */
export const misconfigurationIn = (error: unknown): string | undefined =>
  inCauses(error, (cause) =>
    cause instanceof Error && MISCONFIGURED_SQLSTATE.test(codeIn(cause) ?? '') ? cause.message : undefined,
  )
