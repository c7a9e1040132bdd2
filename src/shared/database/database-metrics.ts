import { Gauge, type Registry } from 'prom-client'
import type { Database } from './client.js'
import { pingDatabase } from './ping.js'

const TIMEOUT_MS = 3_000

/**
 * Adds what the pool is worth at the moment, asked when it is read: the driver does not tell how many of its connections are in
 * use, but whoever waits for one knows.
 */
export const registerDatabaseMetrics = (registry: Registry, database: Database, poolMax: number): void => {
  new Gauge({
    name: 'unnest_database_pool_max',
    help: 'Connections that this process has at most',
    registers: [registry],
  }).set(poolMax)
  new Gauge({
    name: 'unnest_database_answer_seconds',
    help: 'What the smallest query takes, with its wait for a connection; 3 where it had no answer by then',
    registers: [registry],
    async collect() {
      const begun = performance.now()
      await pingDatabase(database, TIMEOUT_MS).catch(() => {})
      this.set((performance.now() - begun) / 1_000)
    },
  })
}
