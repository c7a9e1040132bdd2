import { z } from 'zod'
import { defineJob } from '../shared/queue/contract.js'

/** Confirms a placed order by mail. */
export const sendOrderConfirmation = defineJob({
  name: 'send-order-confirmation',
  queue: 'mail',
  payload: z.object({ orderId: z.uuid(), userId: z.uuid() }),
  key: ({ orderId }) => `send-order-confirmation-${orderId}`,
})
