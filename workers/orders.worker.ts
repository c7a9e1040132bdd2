import type { WorkerCradle } from '../src/container.js'
import {
  type PublishedOrderEvent,
  publishOrderEvent,
  sendOrderConfirmation,
  sendOrderUpdate,
} from '../src/orders/orders.jobs.js'
import { handle, handleInTransaction, type JobHandler } from '../src/shared/queue/handler.js'

type Needs = Pick<
  WorkerCradle,
  | 'ordersService'
  | 'historyService'
  | 'announcementsService'
  | 'publicationsService'
  | 'usersService'
  | 'mailService'
>

/**
 * Makes of an order's event whatever follows from it. Webhooks are told what the order was and
 * became; for the rest they ask, with their owner's token. Who did it is not theirs to know: it may be an admin.
 */
const makeKnown =
  ({ historyService, announcementsService, publicationsService }: Needs) =>
  async (event: PublishedOrderEvent): Promise<void> => {
    const { orderId, userId, version, from, to } = event
    await announcementsService.announce(event)
    await publicationsService.publish({
      userId,
      eventId: `order-${orderId}-${version}`,
      type: `order.${to}`,
      occurredAt: await historyService.findTime(orderId, version),
      data: { orderId, status: to, previousStatus: from },
    })
  }

export const ordersHandlers = (needs: Needs): JobHandler[] => {
  const { ordersService, usersService, mailService } = needs
  return [
    handleInTransaction(publishOrderEvent, makeKnown(needs)),

    handle(sendOrderConfirmation, async ({ orderId, userId }, { key, signal }) => {
      const user = await usersService.findUser(userId)
      // Deleted before we got to it: nobody reads it, and nothing has failed.
      if (!user) return
      const order = await ordersService.getOrderOf(userId, orderId)
      await mailService.sendOrderConfirmation({ key, signal, to: user.email, name: user.name }, order)
    }),

    handle(sendOrderUpdate, async ({ orderId, userId, status }, { key, signal }) => {
      const user = await usersService.findUser(userId)
      if (user)
        await mailService.sendOrderUpdate({ key, signal, to: user.email, name: user.name }, orderId, status)
    }),
  ]
}
