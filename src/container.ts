import { asValue, createContainer } from 'awilix'
import { registerAuth, registerMailedTokens } from './auth/auth.container.js'
import { type MailSettings, registerMail } from './mail/mail.container.js'
import { registerOrders } from './orders/orders.container.js'
import { registerProducts } from './products/products.container.js'
import { registerQueues } from './queues/queues.container.js'
import {
  type RealtimeSettings,
  registerRealtime,
  registerRealtimeHub,
} from './realtime/realtime.container.js'
import { registerSessions } from './sessions/sessions.container.js'
import type { Cache } from './shared/cache/cache.js'
import { createAuditTrail } from './shared/database/audit.js'
import type { Database } from './shared/database/client.js'
import { createLocks } from './shared/lock/locks.js'
import { provide } from './shared/provide.js'
import { createJobProducer } from './shared/queue/producer.js'
import type { RedisClient } from './shared/redis/client.js'
import type { StorageSettings } from './shared/storage/storage-settings.js'
import type { Tracer } from './shared/telemetry/tracer.js'
import { registerMedia, registerProcessing, registerUploads } from './uploads/uploads.container.js'
import { registerUsers } from './users/users.container.js'
import {
  registerWebhookOwners,
  registerWebhooks,
  registerWebhookTries,
  type WebhookSettings,
} from './webhooks/webhooks.container.js'

interface SharedResources {
  readonly database: Database
  /** Passwords hashed at once; 1 where nobody waits for one. */
  readonly hashesAtOnce?: number
  /** None where tracing is off. */
  readonly tracer?: Tracer | undefined
}

interface DomainResources extends SharedResources {
  readonly storageSettings: StorageSettings
  readonly webhookSettings: WebhookSettings
}

export interface ApiResources extends DomainResources {
  readonly cache: Cache
  readonly realtimeSettings: RealtimeSettings
}

export interface WorkerResources extends DomainResources {
  readonly lockRedis: RedisClient
  readonly lockMs: number
  readonly redisPrefix: string
  readonly mailSettings: MailSettings
}

const createCore = ({ database, hashesAtOnce = 1, tracer }: SharedResources) => {
  const values = {
    database: asValue(database),
    hashesAtOnce: asValue(hashesAtOnce),
    tracer: asValue(tracer),
  }
  return provide(createContainer({ strict: true }).register(values), {
    jobProducer: createJobProducer,
    auditTrail: createAuditTrail,
  })
}

const createUsersContainer = (resources: SharedResources) =>
  registerMailedTokens(registerUsers(registerMedia(registerSessions(createCore(resources)))))

/** Accounts alone: all that the migration needs to make the first admin. */
export const createAccountsContainer = (resources: SharedResources) =>
  registerAuth(createUsersContainer(resources))

/**
 * What the API process is made of. Read from the inside out it is the dependency graph: a domain that
 * came before what it needs would not compile.
 */
export const createApiContainer = ({
  storageSettings,
  webhookSettings,
  realtimeSettings,
  cache,
  ...resources
}: ApiResources) => {
  const settings = {
    storageSettings: asValue(storageSettings),
    webhookSettings: asValue(webhookSettings),
    realtimeSettings: asValue(realtimeSettings),
    cache: asValue(cache),
  }
  const shop = registerOrders(registerProducts(createAccountsContainer(resources)))
  const withUploads = registerUploads(shop.register(settings))
  const withSockets = registerRealtimeHub(registerRealtime(withUploads))
  return registerQueues(registerWebhookOwners(registerWebhooks(withSockets)))
}

/** What a worker process is made of: no log-in and no signing keys, but the mail. */
export const createWorkerContainer = (resources: WorkerResources) => {
  const { lockRedis, lockMs, redisPrefix, mailSettings, storageSettings, webhookSettings } = resources
  const settings = {
    mailSettings: asValue(mailSettings),
    storageSettings: asValue(storageSettings),
    webhookSettings: asValue(webhookSettings),
  }
  const shop = registerOrders(registerProducts(createUsersContainer(resources)))
  const withUploads = registerProcessing(registerUploads(shop.register(settings)))
  const withEvents = registerRealtime(registerWebhooks(withUploads))
  const domains = registerMail(registerWebhookTries(withEvents))
  return provide(domains, {
    locks: ({ database }: SharedResources) =>
      createLocks({ database, redis: lockRedis, prefix: redisPrefix, lockMs }),
  })
}

export type ApiCradle = ReturnType<typeof createApiContainer>['cradle']
export type WorkerCradle = ReturnType<typeof createWorkerContainer>['cradle']
