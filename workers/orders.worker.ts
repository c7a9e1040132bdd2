import type { WorkerCradle } from '../src/container.js'
import {
  type PublishedOrderEvent,
  publishOrderEvent,
  sendOrderConfirmation,
  sendOrderUpdate,
} from '../src/orders/orders.jobs.js'
import type { Transaction } from '../src/shared/database/client.js'
import { handle, handleInTransaction, type JobHandler } from '../src/shared/queue/handler.js'

type Needs = Pick<
  WorkerCradle,
  | 'ordersService'
  | 'historyService'
  | 'announcementsService'
  | 'publicationsService'
  | 'realtimeService'
  | 'usersService'
  | 'mailService'
>

type Context = { readonly transaction: Transaction }

/**
 * Makes of an order's event whatever follows from it. Webhooks and sockets are told what the order was and
 * became; for the rest they ask, with their owner's token. Who did it is not theirs to know: it may be an admin.
 */
const makeKnown =
  ({ historyService, announcementsService, publicationsService, realtimeService }: Needs) =>
  async (event: PublishedOrderEvent, { transaction }: Context): Promise<void> => {
    const { orderId, userId, version, from, to } = event
    const eventId = (number: number): string => `order-${orderId}-${number}`
    await announcementsService.announce(event)
    // One more than there are up to this one: whether there is a later one.
    const known = await historyService.listEvents(orderId, undefined, version + 1)
    const occurredAt = known.find((step) => step.version === version)?.createdAt
    await publicationsService.publish({
      userId,
      eventId: eventId(version),
      type: `order.${to}`,
      occurredAt,
      data: { orderId, status: to, previousStatus: from },
    })
    // Jobs overtake each other. Each tells of the steps before its own, too, so that an order's come in their order.
    const steps = [
      ...known.filter((step) => step.version < version),
      { version, from, to, createdAt: occurredAt ?? new Date().toISOString() },
    ]
    const events = steps.map((step) => ({
      key: eventId(step.version),
      type: `order.${step.to}`,
      occurredAt: step.createdAt,
      data: { orderId, status: step.to, previousStatus: step.from, version: step.version },
    }))
    const overtaken = known.some((step) => step.version > version)
    await realtimeService.recordEvents(transaction, userId, events, overtaken)
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
