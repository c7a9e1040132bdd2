import { Gauge, type Registry } from 'prom-client'
import type { DatabaseConnection } from './client.js'
import { pingDatabase } from './ping.js'

const TIMEOUT_MS = 3_000

/**
 * Adds what the pool is worth at the moment, asked when it is read: the driver does not tell how many of its connections are in
 * use, but whoever waits for one knows.
 */
export const registerDatabaseMetrics = (
  registry: Registry,
  { database, load }: Pick<DatabaseConnection, 'database' | 'load'>,
  poolMax: number,
): void => {
  new Gauge({
    name: 'unnest_database_pool_max',
    help: 'Connections that this process has at most',
    registers: [registry],
  }).set(poolMax)
  new Gauge({
    name: 'unnest_database_pool_used',
    help: 'Of these, those that run a statement or a transaction',
    registers: [registry],
    collect() {
      this.set(load().running)
    },
  })
  new Gauge({
    name: 'unnest_database_pool_waiting',
    help: 'Statements and transactions that wait for a connection',
    registers: [registry],
    collect() {
      this.set(load().waiting)
    },
  })
  new Gauge({
    name: 'unnest_database_pool_wait_seconds',
    help: 'How long the one has been waiting that waits longest',
    registers: [registry],
    collect() {
      this.set(load().longestWaitMs / 1_000)
    },
  })
  new Gauge({
    name: 'unnest_database_answer_seconds',
    help: 'What the smallest query takes, with its wait for a connection; 3 where it failed or had no answer by then',
    registers: [registry],
    async collect() {
      const begun = performance.now()
      const ms = await pingDatabase(database, TIMEOUT_MS).then(
        () => performance.now() - begun,
        // A connection that is refused fails at once: that is no quick answer.
        () => TIMEOUT_MS,
      )
      this.set(ms / 1_000)
    },
  })
}
