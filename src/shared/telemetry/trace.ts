import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'

/** A W3C trace context: version 00, trace id, id of the caller's span, flags. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/
const SAMPLED = 1

/** The parts of a trace context, named as OpenTelemetry does. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

const current = new AsyncLocalStorage<string>()

/** 60 random bits at least, and cheap: Node keeps a store of them for UUIDs. */
const newSpanId = (): string => {
  const uuid = randomUUID()
  return uuid.slice(19, 23) + uuid.slice(24)
}
const newTraceId = (): string => randomUUID().replaceAll('-', '')

/** @returns undefined for what is not well formed */
export const readTraceparent = (given: string | null | undefined): TraceContext | undefined => {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(given ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) }
}

export const formatTraceparent = ({ traceId, spanId, traceFlags }: TraceContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`

/**
 * The trace context of work that a caller with `given` causes: the same trace, another span. What is not well formed
 * begins a new trace, as W3C Trace Context asks.
 */
export const continueTrace = (given: string | null | undefined): string => {
  const [, traceId = newTraceId(), , flags = '01'] = TRACEPARENT.exec(given ?? '') ?? []
  return `00-${traceId}-${newSpanId()}-${flags}`
}

/** Runs `work` in a trace context that `continueTrace`, or a span, has made. */
export const inTrace = <T>(traceparent: string, work: () => T): T => current.run(traceparent, work)

/** The trace context of what runs now; undefined outside of any request or job. */
export const currentTraceparent = (): string | undefined => current.getStore()

/** Whether spans of this trace are kept; of work outside of any trace there are none. */
export const isSampled = (traceparent: string | undefined): traceparent is string =>
  traceparent !== undefined && (Number.parseInt(traceparent.slice(-1), 16) & SAMPLED) === SAMPLED

/** What all log lines of one trace share. */
export const traceIdOf = (traceparent: string | null | undefined): string | undefined =>
  TRACEPARENT.exec(traceparent ?? '')?.[1]
