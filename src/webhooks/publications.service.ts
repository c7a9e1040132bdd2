import type { Database, Executor, Transaction } from '../shared/database/client.js'
import { newId } from '../shared/new-id.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { DeliveriesRepository } from './deliveries.repository.js'
import type { EndpointsRepository } from './endpoints.repository.js'
import { orNotFound, webhookDisabled } from './webhooks.errors.js'
import type { WebhookEvent } from './webhooks.events.js'
import { deliverWebhook } from './webhooks.jobs.js'

/** Something that happened to what is a user's. */
export interface PublishedEvent {
  readonly userId: string
  /** Numbers the event for its user, at most 200 characters: published twice, it is told once. */
  readonly eventId: string
  readonly type: WebhookEvent
  /** When it happened; now, if absent. */
  readonly occurredAt?: string | undefined
  /** What the receiver is told: small, and nothing that its owner may not see. */
  readonly data: Readonly<Record<string, unknown>>
}

export interface PublicationsServiceNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly endpointsOf: (executor: Executor) => EndpointsRepository
  readonly deliveriesOf: (executor: Executor) => DeliveriesRepository
}

export interface PublicationsService {
  /** Queues the event for each of the user's endpoints that wants it: message, deliveries and jobs in one transaction. */
  readonly publish: (event: PublishedEvent) => Promise<void>
  /**
   * Queues a test event for one endpoint, whatever it has subscribed to.
   * @returns the delivery's id
   * @throws webhook_not_found, webhook_disabled
   */
  readonly sendTest: (userId: string, webhookId: string) => Promise<string>
}

/** The body as Standard Webhooks recommends it. */
const bodyOf = ({ type, occurredAt = new Date().toISOString(), data }: PublishedEvent): string =>
  JSON.stringify({ type, timestamp: occurredAt, data })

export const createPublicationsService = (needs: PublicationsServiceNeeds): PublicationsService => {
  const { database, jobProducer, endpointsOf, deliveriesOf } = needs

  const tell = async (
    transaction: Transaction,
    event: PublishedEvent,
    endpointIds: readonly string[],
  ): Promise<readonly string[]> => {
    const { userId, eventId, type } = event
    const deliveries = deliveriesOf(transaction)
    const messageId = newId()
    const isNew = await deliveries.insertMessage({
      id: messageId,
      userId,
      eventId,
      type,
      body: bodyOf(event),
    })
    if (!isNew) return []
    const rows = endpointIds.map((endpointId) => ({ id: newId(), messageId, endpointId }))
    await deliveries.insertDeliveries(rows)
    await jobProducer.sendAll(
      transaction,
      deliverWebhook,
      rows.map(({ id }) => ({ deliveryId: id, round: 1 })),
    )
    return rows.map(({ id }) => id)
  }

  return {
    publish: (event) =>
      database.transaction(async (transaction) => {
        const endpointIds = await endpointsOf(transaction).listSubscribed(event.userId, event.type)
        if (endpointIds.length > 0) await tell(transaction, event, endpointIds)
      }),

    sendTest: (userId, webhookId) =>
      database.transaction(async (transaction) => {
        const { enabled } = orNotFound(await endpointsOf(transaction).findEndpoint(userId, webhookId))
        if (!enabled) throw webhookDisabled()
        const event = {
          userId,
          eventId: `test-${newId()}`,
          type: 'webhook.test',
          data: { webhookId },
        } as const
        const [deliveryId] = await tell(transaction, event, [webhookId])
        if (deliveryId === undefined) throw new Error('a new id was there before')
        return deliveryId
      }),
  }
}
