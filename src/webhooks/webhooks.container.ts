import type { AwilixContainer } from 'awilix'
import type { AuditTrail } from '../shared/database/audit.js'
import type { Database } from '../shared/database/client.js'
import { createOutbound, type Outbound } from '../shared/outbound/outbound.js'
import { provide } from '../shared/provide.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { SecretKey } from '../shared/secret-keys.js'
import type { Tracer } from '../shared/telemetry/tracer.js'
import { createCircuitsRepository } from './circuits.repository.js'
import { createDeliveriesRepository } from './deliveries.repository.js'
import { createDeliveriesService } from './deliveries.service.js'
import { createEndpointsRepository } from './endpoints.repository.js'
import { createPlacesService, type PlacesService } from './places.service.js'
import { createPublicationsService } from './publications.service.js'
import { createTriesRepository } from './tries.repository.js'
import { createTriesService } from './tries.service.js'
import { createUpkeepRepository } from './upkeep.repository.js'
import { createSecretBox, type SecretBox } from './webhooks.secrets.js'
import { createWebhookSender } from './webhooks.sender.js'
import { createWebhooksService } from './webhooks.service.js'
import { createTargetRule } from './webhooks.targets.js'

export type { DeliveriesService } from './deliveries.service.js'
export type { PublicationsService, PublishedEvent } from './publications.service.js'
export type { TriesService } from './tries.service.js'
export type { WebhookEvent } from './webhooks.events.js'
export type { WebhooksService } from './webhooks.service.js'

/** What the environment says of them. */
export interface WebhookSettings {
  /** Newest first: it encrypts, and all of them decrypt. */
  readonly secretKeys: readonly SecretKey[]
  /** For development: private addresses may be called, too. */
  readonly allowPrivate: boolean
}

export interface WebhooksNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly webhookSettings: WebhookSettings
}

const repositories = { endpointsOf: createEndpointsRepository, deliveriesOf: createDeliveriesRepository }

/** For everybody: provides `publicationsService`, `deliveriesService` and, for the two below, `webhookSecrets`. */
export const registerWebhooks = <C extends WebhooksNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    webhookSecrets: ({ webhookSettings }: WebhooksNeeds) => createSecretBox(webhookSettings.secretKeys),
    publicationsService: ({ database, jobProducer }: WebhooksNeeds) =>
      createPublicationsService({ database, jobProducer, ...repositories }),
    deliveriesService: ({ database, jobProducer }: WebhooksNeeds) =>
      createDeliveriesService({ database, jobProducer, ...repositories, upkeepOf: createUpkeepRepository }),
  })

export interface WebhookSecretsNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly webhookSettings: WebhookSettings
  readonly webhookSecrets: SecretBox
}

/** For the API: provides `webhooksService`. */
export const registerWebhookOwners = <C extends WebhookSecretsNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    webhooksService: ({ database, auditTrail, webhookSecrets, webhookSettings }: WebhookSecretsNeeds) =>
      createWebhooksService({
        database,
        auditTrail,
        webhookSecrets,
        requireTarget: createTargetRule(webhookSettings.allowPrivate),
        repositoryOf: createEndpointsRepository,
      }),
  })

const workerRepositories = { triesOf: createTriesRepository, circuitsOf: createCircuitsRepository }

interface OutboundNeeds extends WebhookSecretsNeeds {
  readonly tracer: Tracer | undefined
}

interface TriesNeeds extends OutboundNeeds {
  readonly outbound: Outbound
  readonly placesService: PlacesService
}

/** For workers: provides `outbound`, which whoever stops closes, `placesService` and `triesService`. */
export const registerWebhookTries = <C extends OutboundNeeds>(container: AwilixContainer<C>) => {
  const withPlaces = provide(container, {
    outbound: ({ webhookSettings: { allowPrivate }, tracer }: OutboundNeeds) =>
      createOutbound({ allowPrivate, tracer }),
    placesService: ({ database }: WebhookSecretsNeeds) =>
      createPlacesService({ database, ...workerRepositories }),
  })
  return provide(withPlaces, {
    triesService: ({ database, auditTrail, webhookSecrets, outbound, placesService }: TriesNeeds) =>
      createTriesService({
        database,
        auditTrail,
        webhookSender: createWebhookSender({ outbound, webhookSecrets }),
        placesService,
        ...workerRepositories,
      }),
  })
}
