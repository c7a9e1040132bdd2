import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'

/** A W3C trace context: version 00, trace id, id of the caller's span, flags. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/

const current = new AsyncLocalStorage<string>()

/** 60 random bits at least, and cheap: Node keeps a store of them for UUIDs. */
const spanId = (): string => {
  const uuid = randomUUID()
  return uuid.slice(19, 23) + uuid.slice(24)
}
const newTraceId = (): string => randomUUID().replaceAll('-', '')

/**
 * The trace context of work that a caller with `given` causes: the same trace, another span. What is not well formed
 * begins a new trace, as W3C Trace Context asks.
 */
export const continueTrace = (given: string | null | undefined): string => {
  const [, traceId = newTraceId(), flags = '01'] = TRACEPARENT.exec(given ?? '') ?? []
  return `00-${traceId}-${spanId()}-${flags}`
}

/** Runs `work` in a trace context that `continueTrace` has made. */
export const inTrace = <T>(traceparent: string, work: () => T): T => current.run(traceparent, work)

/** Runs `work` in the trace that `given` belongs to. */
export const withTrace = <T>(given: string | null | undefined, work: () => T): T =>
  inTrace(continueTrace(given), work)

/** The trace context of what runs now; undefined outside of any request or job. */
export const currentTraceparent = (): string | undefined => current.getStore()

/** What all log lines of one trace share. */
export const traceIdOf = (traceparent: string | null | undefined): string | undefined =>
  TRACEPARENT.exec(traceparent ?? '')?.[1]
