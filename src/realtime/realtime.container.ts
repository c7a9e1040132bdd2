import type { AwilixContainer } from 'awilix'
import type { SessionsService, SessionWatch } from '../sessions/sessions.container.js'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import { createRealtimeHub, type RealtimeSettings } from './realtime.hub.js'
import { createRealtimeRepository } from './realtime.repository.js'
import { createRealtimeService, type RealtimeService } from './realtime.service.js'

export type { RealtimeSettings } from './realtime.hub.js'
export type { RealtimeService } from './realtime.service.js'

export interface RealtimeNeeds {
  readonly database: Database
}

/** For everybody: provides `realtimeService`. */
export const registerRealtime = <C extends RealtimeNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    realtimeService: ({ database }: RealtimeNeeds) =>
      createRealtimeService({ database, repositoryOf: createRealtimeRepository }),
  })

export interface RealtimeHubContainerNeeds {
  readonly realtimeService: RealtimeService
  readonly sessionsService: SessionsService
  readonly sessionWatch: SessionWatch
  readonly realtimeSettings: RealtimeSettings
}

/** For the API: provides `realtimeHub`, which whoever serves requests starts and closes. */
export const registerRealtimeHub = <C extends RealtimeHubContainerNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    realtimeHub: (needs: RealtimeHubContainerNeeds) => {
      const { realtimeService, sessionsService, sessionWatch, realtimeSettings } = needs
      return createRealtimeHub({ realtimeService, sessionsService, sessionWatch, realtimeSettings })
    },
  })
