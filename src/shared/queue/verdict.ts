import { ZodError } from 'zod'
import { DomainError, type ErrorKind } from '../errors.js'
import { reasonOf } from '../telemetry/error-serialiser.js'
import { delayBeforeNext } from './backoff.js'
import type { JobSettings } from './contract.js'
import { PermanentFailure, Postponed, RetryLater } from './outcomes.js'

/** What a try that failed comes to. The reason carries no query parameters: they hold personal data. */
export type Verdict =
  | { readonly kind: 'retry'; readonly delayMs: number; readonly counted: boolean; readonly reason: string }
  | { readonly kind: 'postpone'; readonly delayMs: number; readonly reason: string }
  | { readonly kind: 'bury'; readonly why: 'permanent' | 'exhausted'; readonly reason: string }

/** What another try cannot change. */
const PERMANENT: ReadonlySet<ErrorKind> = new Set([
  'invalid',
  'not_found',
  'forbidden',
  'conflict',
  'outdated',
  'unprocessable',
])

const REASON_LENGTH = 500
/** Work that asks for more is not believed. */
const LONGEST_DELAY_MS = 48 * 3_600_000

const isPermanent = (error: unknown): boolean =>
  error instanceof PermanentFailure ||
  error instanceof ZodError ||
  (error instanceof DomainError && PERMANENT.has(error.kind))

const believed = ({ delayMs }: Postponed | RetryLater): number =>
  Math.min(Math.max(delayMs, 0), LONGEST_DELAY_MS)

/** Judges try number `attempt` (from 1) of a job by what it threw. */
export const judge = (error: unknown, contract: JobSettings, attempt: number): Verdict => {
  // Postgres takes no NUL in a text, and an error may quote anything.
  const reason = reasonOf(error).replaceAll('\0', '').slice(0, REASON_LENGTH)
  if (error instanceof Postponed) return { kind: 'postpone', delayMs: believed(error), reason }
  if (error instanceof RetryLater) {
    return { kind: 'retry', delayMs: believed(error), counted: false, reason }
  }
  if (isPermanent(error)) return { kind: 'bury', why: 'permanent', reason }
  if (attempt >= contract.attempts) return { kind: 'bury', why: 'exhausted', reason }
  return { kind: 'retry', delayMs: delayBeforeNext(contract, attempt), counted: true, reason }
}
