import type { Registry } from 'prom-client'
import type { WorkerConfig } from '../src/shared/config.js'
import type { DatabaseConnection } from '../src/shared/database/client.js'
import { registerDatabaseMetrics } from '../src/shared/database/database-metrics.js'
import { createDatabaseProbe } from '../src/shared/database/database-probe.js'
import { countOutbox } from '../src/shared/database/outbox-counts.js'
import { withDeadline } from '../src/shared/deadline.js'
import { createQueueMetrics, type QueueMetrics } from '../src/shared/queue/queue-metrics.js'
import type { ShutdownStep } from '../src/shared/shutdown.js'
import { type OperationsServer, startOperationsServer } from '../src/shared/telemetry/operations-server.js'

const COUNT_TIMEOUT_MS = 3_000

export interface OperationsNeeds extends Pick<DatabaseConnection, 'database' | 'load'> {
  readonly config: Pick<WorkerConfig, 'HOST' | 'METRICS_PORT'>
  /** Of this process' own pool. */
  readonly poolMax: number
  readonly registry: Registry
  readonly queueRedis: { readonly status: string }
  /** Of all contracts: also what this pod does not serve is counted. */
  readonly queues: readonly string[]
}

export interface Operations {
  readonly metrics: QueueMetrics
  /** Serves them, and health; `drain` turns readiness off. */
  readonly serve: () => Promise<OperationsServer & { readonly drain: ShutdownStep['close'] }>
}

/** What operators and their machines see of a worker. */
export const createOperations = ({
  config,
  poolMax,
  registry,
  database,
  load,
  queueRedis,
  queues,
}: OperationsNeeds): Operations => {
  const count = () => withDeadline('counting the outbox', COUNT_TIMEOUT_MS, countOutbox(database, queues))
  const askDatabase = createDatabaseProbe({ database, load })
  let draining = false

  const checkReady = async (): Promise<void> => {
    if (draining) throw new Error('This worker is shutting down.')
    if (queueRedis.status !== 'ready') throw new Error('This worker cannot reach its queue.')
    await askDatabase().catch(() => {
      throw new Error('This worker cannot reach its database.')
    })
  }

  registerDatabaseMetrics(registry, { database, load }, poolMax)
  return {
    metrics: createQueueMetrics(registry, count),
    serve: async () => {
      const { HOST: host, METRICS_PORT: port } = config
      const server = await startOperationsServer({ host, port, registry, checkReady })
      return {
        ...server,
        drain: async () => {
          draining = true
        },
      }
    },
  }
}
