import type { AwilixContainer } from 'awilix'
import type { AuditTrail } from '../shared/database/audit.js'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import { createEndedSessionsRepository } from './ended-sessions.repository.js'
import { createRefreshService } from './refresh.service.js'
import { createSessionsRepository } from './sessions.repository.js'
import { createSessionsService } from './sessions.service.js'
import { createSessionWatch, type SessionWatch } from './sessions.watch.js'

export type { RefreshService } from './refresh.service.js'
export type { ContinuedSession, SessionsService } from './sessions.service.js'
export type { SessionWatch } from './sessions.watch.js'

export interface SessionsNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
}

interface ServiceNeeds extends SessionsNeeds {
  readonly sessionWatch: SessionWatch
}

const repositoryOf = createSessionsRepository

/** Provides `sessionWatch`, which whoever serves requests starts and closes, `sessionsService` and `refreshService`. */
export const registerSessions = <C extends SessionsNeeds>(container: AwilixContainer<C>) => {
  const withWatch = provide(container, {
    sessionWatch: ({ database }: SessionsNeeds) =>
      createSessionWatch(createEndedSessionsRepository(database)),
  })
  return provide(withWatch, {
    sessionsService: ({ database, auditTrail, sessionWatch }: ServiceNeeds) =>
      createSessionsService({ database, auditTrail, sessionWatch, repositoryOf }),
    refreshService: ({ database, auditTrail, sessionWatch }: ServiceNeeds) =>
      createRefreshService({ database, auditTrail, sessionWatch, repositoryOf }),
  })
}
