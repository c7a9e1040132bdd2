import type { Database, Executor, Transaction } from '../shared/database/client.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { DeliveriesFilter, DeliveriesRepository } from './deliveries.repository.js'
import type { EndpointsRepository } from './endpoints.repository.js'
import type { UpkeepRepository } from './upkeep.repository.js'
import { deliveryNotFound, orNotFound, webhookDisabled } from './webhooks.errors.js'
import { deliverWebhook } from './webhooks.jobs.js'
import type { Delivery, DeliveryDetail } from './webhooks.schemas.js'

const KEEP_DAYS = 30
const DAY_MS = 86_400_000

export interface DeliveriesServiceNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly endpointsOf: (executor: Executor) => EndpointsRepository
  readonly deliveriesOf: (executor: Executor) => DeliveriesRepository
  readonly upkeepOf: (executor: Executor) => UpkeepRepository
}

export interface DeliveriesService {
  /** What was sent to one of the user's own endpoints, newest first. @throws webhook_not_found */
  readonly listDeliveries: (userId: string, filter: DeliveriesFilter) => Promise<Delivery[]>
  /** With each try. @throws webhook_not_found, delivery_not_found */
  readonly getDelivery: (userId: string, webhookId: string, id: string) => Promise<DeliveryDetail>
  /**
   * Sends it again under the same message id, with all tries before it; one that still waits goes at once.
   * @throws webhook_not_found, delivery_not_found, webhook_disabled
   */
  readonly redeliver: (userId: string, webhookId: string, id: string) => Promise<void>
  /**
   * Ends up to `limit` deliveries that wait in vain, their jobs being dead letters that were discarded, as `not_sent`: their
   * owner can send them again. @returns how many it was
   */
  readonly endUnsent: (transaction: Transaction, limit: number) => Promise<number>
  /** Forgets up to `limit` messages of more than 30 days ago, and all that became of them. @returns how many it was */
  readonly pruneMessages: (transaction: Transaction, limit: number) => Promise<number>
}

export const createDeliveriesService = (needs: DeliveriesServiceNeeds): DeliveriesService => {
  const { database, jobProducer, endpointsOf, deliveriesOf, upkeepOf } = needs
  const deliveries = deliveriesOf(database)
  const getEndpoint = async (executor: Executor, userId: string, id: string) =>
    orNotFound(await endpointsOf(executor).findEndpoint(userId, id))

  return {
    listDeliveries: async (userId, filter) => {
      await getEndpoint(database, userId, filter.endpointId)
      return deliveries.listDeliveries(filter)
    },

    getDelivery: async (userId, webhookId, id) => {
      await getEndpoint(database, userId, webhookId)
      const delivery = await deliveries.findDelivery(webhookId, id)
      if (!delivery) throw deliveryNotFound()
      return delivery
    },

    redeliver: (userId, webhookId, id) =>
      database.transaction(async (transaction) => {
        const { enabled } = await getEndpoint(transaction, userId, webhookId)
        if (!enabled) throw webhookDisabled()
        const round = await deliveriesOf(transaction).beginRound(webhookId, id)
        if (round === undefined) throw deliveryNotFound()
        await jobProducer.send(transaction, deliverWebhook, { deliveryId: id, round })
      }),

    endUnsent: (transaction, limit) => upkeepOf(transaction).endUnsent(limit),

    pruneMessages: (transaction, limit) =>
      upkeepOf(transaction).deleteMessagesBefore(new Date(Date.now() - KEEP_DAYS * DAY_MS), limit),
  }
}
