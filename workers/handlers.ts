import type { WorkerCradle } from '../src/container.js'
import { ConfigError } from '../src/shared/config.js'
import type { JobHandler } from '../src/shared/queue/handler.js'
import { authHandlers } from './auth.worker.js'
import { ordersHandlers } from './orders.worker.js'
import { usersHandlers } from './users.worker.js'

/** Every job there is, one line a domain. */
export const createHandlers = (cradle: WorkerCradle): JobHandler[] => [
  ...authHandlers(cradle),
  ...usersHandlers(cradle),
  ...ordersHandlers(cradle),
]

/**
 * The handlers of the queues that this pod serves; all of them if none is named.
 * @throws ConfigError for a queue that does not exist: a typo would leave its jobs to nobody.
 */
export const chooseHandlers = (handlers: readonly JobHandler[], queues: readonly string[]): JobHandler[] => {
  const existing = new Set(handlers.map(({ contract }) => contract.queue))
  const unknown = queues.filter((queue) => !existing.has(queue))
  if (unknown.length > 0) {
    const known = [...existing].join(', ')
    throw new ConfigError([`WORKER_QUEUES: there is no queue ${unknown.join(', ')}, only ${known}`])
  }
  return handlers.filter(({ contract }) => queues.length === 0 || queues.includes(contract.queue))
}
