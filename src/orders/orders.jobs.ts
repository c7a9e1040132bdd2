import { z } from 'zod'
import { defineJob } from '../shared/queue/contract.js'
import { MAIL_SCHEDULE } from '../shared/queue/mail-schedule.js'
import { ORDER_STATUSES } from './orders.status.js'

/**
 * An order was placed or has moved on. The one job that a transition queues: a worker makes of it whatever follows, so
 * that a request need not know who wants to hear.
 */
export const publishOrderEvent = defineJob({
  name: 'publish-order-event',
  queue: 'events',
  payload: z.object({
    orderId: z.uuid(),
    userId: z.uuid(),
    version: z.int().min(1),
    actorId: z.uuid().nullable(),
    from: z.enum(ORDER_STATUSES).nullable(),
    to: z.enum(ORDER_STATUSES),
  }),
  key: ({ orderId, version }) => `publish-order-event-${orderId}-${version}`,
})

/** Confirms a placed order by mail. */
export const sendOrderConfirmation = defineJob({
  ...MAIL_SCHEDULE,
  name: 'send-order-confirmation',
  queue: 'mail',
  payload: z.object({ orderId: z.uuid(), userId: z.uuid() }),
  key: ({ orderId }) => `send-order-confirmation-${orderId}`,
})

/** Tells the buyer by mail what has become of the order. An order gets to each status once. */
export const sendOrderUpdate = defineJob({
  ...MAIL_SCHEDULE,
  name: 'send-order-update',
  queue: 'mail',
  payload: z.object({
    orderId: z.uuid(),
    userId: z.uuid(),
    status: z.enum(ORDER_STATUSES).exclude(['placed']),
  }),
  key: ({ orderId, status }) => `send-order-update-${orderId}-${status}`,
})

export type PublishedOrderEvent = z.infer<typeof publishOrderEvent.payload>
