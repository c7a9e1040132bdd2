import type { ApiConfig } from '../config.js'
import type { TracerOptions } from './open-tracer.js'

type Variables =
  | 'OTEL_EXPORTER_OTLP_ENDPOINT'
  | 'OTEL_EXPORTER_OTLP_HEADERS'
  | 'OTEL_TRACES_SAMPLER_ARG'
  | 'SHUTDOWN_GRACE_MS'

/** What the environment says of traces, the same for both processes. */
export const tracerSettings = (
  config: Pick<ApiConfig, Variables>,
): Omit<TracerOptions, 'service' | 'logger'> => ({
  endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
  headers: config.OTEL_EXPORTER_OTLP_HEADERS,
  ratio: config.OTEL_TRACES_SAMPLER_ARG,
  graceMs: config.SHUTDOWN_GRACE_MS,
})
