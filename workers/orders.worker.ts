import type { WorkerCradle } from '../src/container.js'
import { sendOrderConfirmation } from '../src/orders/orders.jobs.js'
import { handle, type JobHandler } from '../src/shared/queue/handler.js'

type Needs = Pick<WorkerCradle, 'ordersService' | 'usersService' | 'mailService'>

export const ordersHandlers = ({ ordersService, usersService, mailService }: Needs): JobHandler[] => [
  handle(sendOrderConfirmation, async ({ orderId, userId }, { key }) => {
    const user = await usersService.findUser(userId)
    // Deleted before we got to it: nobody reads it, and nothing has failed.
    if (!user) return
    const order = await ordersService.getOrderOf(userId, orderId)
    await mailService.sendOrderConfirmation({ key, to: user.email, name: user.name }, order)
  }),
]
