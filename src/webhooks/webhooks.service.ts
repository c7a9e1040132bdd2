import type { AuditAction, AuditTrail } from '../shared/database/audit.js'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import { newId } from '../shared/new-id.js'
import type { Origin } from '../shared/origin.js'
import type { Principal } from '../shared/principal.js'
import { requireVersion, type VersionCheck } from '../shared/version.js'
import type { EndpointChanges, EndpointsRepository, VersionedWebhook } from './endpoints.repository.js'
import { orNotFound, tooManyWebhooks } from './webhooks.errors.js'
import type { NewWebhook, WebhookChanges } from './webhooks.schemas.js'
import type { SecretBox } from './webhooks.secrets.js'
import { createWebhookSecret } from './webhooks.signatures.js'

const MAX_WEBHOOKS = 20
/** Hours in which the secret before a rotation signs as well. */
const ROTATION_HOURS = 24

export interface WebhooksServiceNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly webhookSecrets: SecretBox
  /** @returns the address in its normal form @throws validation_failed for one that nothing is sent to */
  readonly requireTarget: (url: string) => string
  readonly repositoryOf: (executor: Executor) => EndpointsRepository
}

/** Whose webhooks they are, and where the request came from. */
export interface Owner {
  readonly principal: Principal
  readonly origin: Origin
}

/** The only time that the secret leaves the service. */
export type WebhookWithSecret = VersionedWebhook & { readonly secret: string }

export interface WebhooksService {
  /** @throws validation_failed for an address that may not be called, too_many_webhooks */
  readonly createWebhook: (owner: Owner, webhook: NewWebhook) => Promise<WebhookWithSecret>
  /** @throws webhook_not_found */
  readonly getWebhook: (userId: string, id: string) => Promise<VersionedWebhook>
  /** Newest first. */
  readonly listWebhooks: EndpointsRepository['listEndpoints']
  /** What is so already is not changed. @throws webhook_not_found, precondition_failed, validation_failed */
  readonly changeWebhook: (
    owner: Owner,
    id: string,
    changes: WebhookChanges,
    expected: VersionCheck,
  ) => Promise<VersionedWebhook>
  /** Nothing more is sent to it. @throws webhook_not_found, precondition_failed */
  readonly deleteWebhook: (owner: Owner, id: string, expected: VersionCheck) => Promise<void>
  /** A new secret; the old one signs as well for a day. @throws webhook_not_found, precondition_failed */
  readonly rotateSecret: (owner: Owner, id: string, expected: VersionCheck) => Promise<WebhookWithSecret>
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** The fields of `wanted` that are otherwise in `webhook`. */
const differences = (webhook: VersionedWebhook, wanted: WebhookChanges): EndpointChanges => {
  const current = new Map<string, unknown>(Object.entries(webhook))
  const changed = Object.entries(wanted).filter(([field, value]) => !isSame(value, current.get(field)))
  // Enabled or disabled by hand: the service's own reason is over.
  const isSwitched = changed.some(([field]) => field === 'enabled')
  return { ...Object.fromEntries(changed), ...(isSwitched && { disabledReason: null }) }
}

export const createWebhooksService = (needs: WebhooksServiceNeeds): WebhooksService => {
  const { database, auditTrail, webhookSecrets, requireTarget, repositoryOf } = needs
  const repository = repositoryOf(database)

  const record = (
    transaction: Transaction,
    { principal: { userId, sessionId }, origin }: Owner,
    action: AuditAction,
    details: Readonly<Record<string, string>>,
  ): Promise<void> =>
    auditTrail.record(transaction, {
      action,
      actorId: userId,
      subjectId: userId,
      sessionId,
      origin,
      details,
    })

  /** Holds the webhook in the version that its owner has seen. */
  const lockExpected = async (
    transaction: Transaction,
    { principal }: Owner,
    id: string,
    expected: VersionCheck,
  ) => {
    const webhook = orNotFound(await repositoryOf(transaction).lockEndpoint(principal.userId, id))
    requireVersion(expected, webhook.version)
    return webhook
  }

  return {
    createWebhook: (owner, webhook) => {
      const url = requireTarget(webhook.url)
      return database.transaction(async (transaction) => {
        const { userId } = owner.principal
        const transactional = repositoryOf(transaction)
        if ((await transactional.lockAndCount(userId)) >= MAX_WEBHOOKS) throw tooManyWebhooks()
        const [id, secret] = [newId(), createWebhookSecret()]
        const encrypted = webhookSecrets.encryptSecret(id, secret)
        const created = await transactional.insertEndpoint({ ...webhook, url, id, userId, secret: encrypted })
        await record(transaction, owner, 'webhook.created', { webhookId: id })
        return { ...created, secret }
      })
    },

    getWebhook: async (userId, id) => orNotFound(await repository.findEndpoint(userId, id)),
    listWebhooks: repository.listEndpoints,

    changeWebhook: (owner, id, asked, expected) => {
      const wanted = asked.url === undefined ? asked : { ...asked, url: requireTarget(asked.url) }
      return database.transaction(async (transaction) => {
        const webhook = await lockExpected(transaction, owner, id, expected)
        const changes = differences(webhook, wanted)
        const fields = Object.keys(changes)
        if (fields.length === 0) return webhook
        const changed = await repositoryOf(transaction).updateEndpoint(id, changes)
        await record(transaction, owner, 'webhook.changed', { webhookId: id, fields: fields.join() })
        return changed
      })
    },

    deleteWebhook: (owner, id, expected) =>
      database.transaction(async (transaction) => {
        await lockExpected(transaction, owner, id, expected)
        await repositoryOf(transaction).deleteEndpoint(id)
        await record(transaction, owner, 'webhook.deleted', { webhookId: id })
      }),

    rotateSecret: (owner, id, expected) =>
      database.transaction(async (transaction) => {
        await lockExpected(transaction, owner, id, expected)
        const secret = createWebhookSecret()
        const encrypted = webhookSecrets.encryptSecret(id, secret)
        const rotated = await repositoryOf(transaction).replaceSecret(id, encrypted, ROTATION_HOURS)
        await record(transaction, owner, 'webhook.secret_rotated', { webhookId: id })
        return { ...rotated, secret }
      }),
  }
}
