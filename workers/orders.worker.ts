import type { WorkerCradle } from '../src/container.js'
import { publishOrderEvent, sendOrderConfirmation, sendOrderUpdate } from '../src/orders/orders.jobs.js'
import { handle, handleInTransaction, type JobHandler } from '../src/shared/queue/handler.js'

type Needs = Pick<WorkerCradle, 'ordersService' | 'announcementsService' | 'usersService' | 'mailService'>

export const ordersHandlers = (needs: Needs): JobHandler[] => {
  const { ordersService, announcementsService, usersService, mailService } = needs
  return [
    handleInTransaction(publishOrderEvent, (event) => announcementsService.announce(event)),

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
