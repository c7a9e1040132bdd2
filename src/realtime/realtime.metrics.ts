import { Counter, Gauge, type Registry } from 'prom-client'

/** Why a socket was closed. `slow` does not read what it is sent, `silent` does not answer heartbeats. */
export const CLOSE_REASONS = [
  'client',
  'token_expired',
  'session_ended',
  'slow',
  'silent',
  'flood',
  'binary',
  'too_large',
  'protocol',
  'restarting',
] as const
export type CloseReason = (typeof CLOSE_REASONS)[number]

export interface RealtimeMetrics {
  readonly sent: () => void
  readonly closed: (reason: CloseReason) => void
}

/** Adds the metrics of sockets to the registry. */
export const createRealtimeMetrics = (registry: Registry, countSockets: () => number): RealtimeMetrics => {
  const registers = [registry]
  new Gauge({
    name: 'unnest_realtime_sockets',
    help: 'Sockets that are open',
    registers,
    collect() {
      this.set(countSockets())
    },
  })
  const sent = new Counter({
    name: 'unnest_realtime_events_sent_total',
    help: 'Events sent, each once for each socket',
    registers,
  })
  const closed = new Counter({
    name: 'unnest_realtime_sockets_closed_total',
    help: 'Sockets that were closed, by the reason',
    labelNames: ['reason'],
    registers,
  })
  for (const reason of CLOSE_REASONS) closed.inc({ reason }, 0)
  return { sent: () => sent.inc(), closed: (reason) => closed.inc({ reason }) }
}
