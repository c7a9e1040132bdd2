import { z } from 'zod'
import { pageOf } from '../shared/http/envelope.js'
import { money } from '../shared/http/money.js'
import { ORDER_STATUSES } from './orders.status.js'

const MAX_ITEMS = 100
const MAX_QUANTITY = 1_000

export const newOrderBody = z.strictObject({
  items: z
    .array(z.strictObject({ productId: z.uuid(), quantity: z.int().min(1).max(MAX_QUANTITY) }))
    .min(1)
    .max(MAX_ITEMS),
})

export const orderSchema = z.object({
  id: z.uuid(),
  userId: z.uuid(),
  status: z.enum(ORDER_STATUSES),
  items: z.array(
    z.object({
      productId: z.uuid(),
      sku: z.string(),
      name: z.string(),
      unitPrice: money,
      quantity: z.int(),
    }),
  ),
  total: money,
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})

export const orderPage = pageOf(orderSchema)

export const orderParams = z.strictObject({ id: z.uuid() })

export type NewOrder = z.infer<typeof newOrderBody>
export type Order = z.infer<typeof orderSchema>
export type OrderItem = Order['items'][number]
