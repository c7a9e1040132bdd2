import type { Database } from '../shared/database/client.js'
import type { JobProducer } from '../shared/queue/producer.js'
import { sendOrderConfirmation, sendOrderUpdate } from './orders.jobs.js'
import type { OrderStatus } from './orders.status.js'

export interface AnnouncementsServiceNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
}

export interface AnnouncementsService {
  /**
   * Queues what follows from an order's event: the mail to the buyer. In one transaction, and each job under a key of
   * its own, so that an event that is delivered twice has one effect.
   */
  readonly announce: (event: {
    readonly orderId: string
    readonly userId: string
    readonly to: OrderStatus
  }) => Promise<void>
}

export const createAnnouncementsService = (needs: AnnouncementsServiceNeeds): AnnouncementsService => {
  const { database, jobProducer } = needs
  return {
    announce: ({ orderId, userId, to }) =>
      database.transaction((transaction) =>
        to === 'placed'
          ? jobProducer.send(transaction, sendOrderConfirmation, { orderId, userId })
          : jobProducer.send(transaction, sendOrderUpdate, { orderId, userId, status: to }),
      ),
  }
}
