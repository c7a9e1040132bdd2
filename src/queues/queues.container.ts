import type { AwilixContainer } from 'awilix'
import type { Cache } from '../shared/cache/cache.js'
import type { AuditTrail } from '../shared/database/audit.js'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import { createBrowseRepository } from './browse.repository.js'
import { createCountsRepository } from './counts.repository.js'
import { createDeadLettersRepository } from './dead-letters.repository.js'
import { createJobsRepository } from './jobs.repository.js'
import { createOperationsService } from './operations.service.js'
import { createQueuesService } from './queues.service.js'
import { createRunsRepository } from './runs.repository.js'

export type { OperationsService } from './operations.service.js'
export type { QueuesService } from './queues.service.js'

export interface QueuesNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly cache: Cache
}

/** Provides `queuesService` and `operationsService`, for whoever looks after the queues. */
export const registerQueues = <C extends QueuesNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    queuesService: ({ database, cache }: QueuesNeeds) =>
      createQueuesService({
        cache,
        counts: createCountsRepository(database),
        jobs: createJobsRepository(database),
        browse: createBrowseRepository(database),
        runs: createRunsRepository(database),
      }),
    operationsService: ({ database, auditTrail }: QueuesNeeds) =>
      createOperationsService({ database, auditTrail, deadLettersOf: createDeadLettersRepository }),
  })
