import type * as Api from '@opentelemetry/api'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import { withDeadline } from '../deadline.js'
import type { Logger } from './logger.js'
import { formatTraceparent, readTraceparent } from './trace.js'
import type { Span, SpanStart, Tracer } from './tracer.js'

/** Spans in memory, about a kilobyte each; what is beyond is lost, and nothing waits. */
const MAX_WAITING = 4_096
const BATCH = 512
const SEND_EVERY_MS = 1_000
const SEND_TIMEOUT_MS = 3_000
/** At once: one that hangs, and the one that took its place. */
const MAX_SENDING = 2
/** A statement's text is the longest there is. */
const MAX_ATTRIBUTE_LENGTH = 2_000
const FLUSH_LIMIT_MS = 2_000
const FLUSH_SHARE_OF_GRACE = 0.1

export interface TracerOptions {
  /** Where OTLP over HTTP is spoken; undefined leaves tracing off, and nothing of it loaded. */
  readonly endpoint: string | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  /** Of the traces that begin here; of those that come from elsewhere their beginner has decided. */
  readonly ratio: number
  readonly service: string
  /** Milliseconds that the whole process has to close. */
  readonly graceMs: number
  readonly logger: Logger
}

/** Tells once that nothing gets through, and once that it does again. */
const telling = (exporter: SpanExporter, logger: Logger): SpanExporter => {
  let failing = false
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined
        if (failed && !failing) logger.warn({ err: result.error }, 'traces are not delivered')
        if (!failed && failing) logger.info('traces are delivered again')
        failing = failed
        done(result)
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

const load = async () => {
  const [api, sdk, otlp, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  return { api, sdk, otlp, resources }
}

const createProvider = (
  { sdk, otlp, resources }: Awaited<ReturnType<typeof load>>,
  { endpoint = '', headers, ratio, service, logger }: TracerOptions,
) => {
  const exporter = new otlp.OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: { ...headers },
    timeoutMillis: SEND_TIMEOUT_MS,
    concurrencyLimit: MAX_SENDING,
  })
  const processor = new sdk.BatchSpanProcessor({
    exporter: telling(exporter, logger),
    maxQueueSize: MAX_WAITING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: SEND_TIMEOUT_MS,
  })
  return new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': service }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(ratio) }),
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_LENGTH, attributeCountLimit: 16 },
    spanProcessors: [processor],
  })
}

/** Makes spans under a parent that is named, so that OpenTelemetry need not follow the calls by itself. */
const startWith = ({ SpanKind, SpanStatusCode, ROOT_CONTEXT, trace }: typeof Api, tracer: Api.Tracer) => {
  const kinds = {
    server: SpanKind.SERVER,
    client: SpanKind.CLIENT,
    producer: SpanKind.PRODUCER,
    consumer: SpanKind.CONSUMER,
  }
  return (parent: string | undefined, { name, kind, attributes = {} }: SpanStart): Span => {
    const given = readTraceparent(parent)
    const context = given ? trace.setSpanContext(ROOT_CONTEXT, given) : ROOT_CONTEXT
    const span = tracer.startSpan(name, { kind: kinds[kind], attributes }, context)
    return {
      traceparent: formatTraceparent(span.spanContext()),
      end: (more = {}, failure) => {
        span.setAttributes(more)
        if (failure !== undefined) {
          span.setAttribute('error.type', failure)
          span.setStatus({ code: SpanStatusCode.ERROR })
        }
        span.end()
      },
    }
  }
}

/**
 * Opens what sends traces away, or nothing where no endpoint is named. A receiver that is away or stands still costs
 * spans, never a request: what waits for it has a limit.
 */
export const openTracer = async (options: TracerOptions): Promise<Tracer | undefined> => {
  if (options.endpoint === undefined) return undefined
  const loaded = await load()
  const provider = createProvider(loaded, options)
  const flushMs = Math.min(FLUSH_LIMIT_MS, options.graceMs * FLUSH_SHARE_OF_GRACE)
  return {
    start: startWith(loaded.api, provider.getTracer('unnest')),
    close: () =>
      withDeadline('sending the last traces', flushMs, provider.shutdown()).catch((err) =>
        // No reason for the process to end as a failed one.
        options.logger.warn({ err }, 'the last traces are lost'),
      ),
  }
}
