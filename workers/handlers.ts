import type { WorkerCradle } from '../src/container.js'
import type { WorkerConfig } from '../src/shared/config.js'
import { ConfigError } from '../src/shared/environment.js'
import type { JobHandler } from '../src/shared/queue/handler.js'
import { authHandlers } from './auth.worker.js'
import { ordersHandlers } from './orders.worker.js'
import { uploadsHandlers } from './uploads.worker.js'
import { usersHandlers } from './users.worker.js'
import { webhooksHandlers } from './webhooks.worker.js'

/** Every job there is, one line a domain. */
export const createHandlers = (cradle: WorkerCradle): JobHandler[] => [
  ...authHandlers(cradle),
  ...usersHandlers(cradle),
  ...ordersHandlers(cradle),
  ...uploadsHandlers(cradle),
  ...webhooksHandlers(cradle),
]

/** The queues of these handlers, each once. */
export const queuesOf = (handlers: readonly JobHandler[]): string[] => [
  ...new Set(handlers.map(({ contract }) => contract.queue)),
]

/** @throws ConfigError for a queue that does not exist: a typo would leave its jobs to nobody. */
const refuseUnknown = (variable: string, named: readonly string[], existing: readonly string[]): void => {
  const unknown = named.filter((queue) => !existing.includes(queue))
  if (unknown.length === 0) return
  const known = existing.join(', ')
  throw new ConfigError([`${variable}: there is no queue ${unknown.join(', ')}, only ${known}`])
}

/**
 * The handlers of the queues that this pod serves; all of them if none is named.
 * @throws ConfigError for a queue that does not exist
 */
export const chooseHandlers = (
  handlers: readonly JobHandler[],
  { WORKER_QUEUES, WORKER_CONCURRENCY }: Pick<WorkerConfig, 'WORKER_QUEUES' | 'WORKER_CONCURRENCY'>,
): JobHandler[] => {
  const existing = queuesOf(handlers)
  refuseUnknown('WORKER_QUEUES', WORKER_QUEUES, existing)
  refuseUnknown('WORKER_CONCURRENCY', Object.keys(WORKER_CONCURRENCY), existing)
  const isServed = (queue: string): boolean => WORKER_QUEUES.length === 0 || WORKER_QUEUES.includes(queue)
  return handlers.filter(({ contract }) => isServed(contract.queue))
}
