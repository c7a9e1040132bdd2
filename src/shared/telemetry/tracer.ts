import type { Attributes } from '@opentelemetry/api'
import { currentTraceparent, inTrace, isSampled } from './trace.js'

/** What is known when a span begins. None of it is personal data, and none of it has values without a bound. */
export interface SpanStart {
  /** Few in number: a route's template, a verb, the name of a job; never what a client wrote. */
  readonly name: string
  readonly kind: 'server' | 'client' | 'producer' | 'consumer'
  readonly attributes?: Attributes
}

export interface Span {
  /** The trace context of what happens inside. */
  readonly traceparent: string
  /** To be called once. @param failure what went wrong, as a code: a message may quote personal data */
  readonly end: (attributes?: Attributes, failure?: string) => void
}

/** Makes spans and sends them away; where tracing is off there is none. */
export interface Tracer {
  /** @param parent a well-formed trace context; undefined begins a trace */
  readonly start: (parent: string | undefined, span: SpanStart) => Span
  /** Sends what is left, for a bounded time. */
  readonly close: () => Promise<void>
}

/** What took part in the failure by its code or its class. */
export const failureCode = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** Runs `work` as a span of the trace that it is called in; where that is not recorded, or nothing is, just runs it. */
export const inSpan = async <T>(
  tracer: Tracer | undefined,
  start: SpanStart,
  work: () => Promise<T>,
): Promise<T> => {
  const parent = tracer && currentTraceparent()
  if (!tracer || !isSampled(parent)) return work()
  const span = tracer.start(parent, start)
  try {
    const result = await inTrace(span.traceparent, work)
    span.end()
    return result
  } catch (error) {
    span.end({}, failureCode(error))
    throw error
  }
}
