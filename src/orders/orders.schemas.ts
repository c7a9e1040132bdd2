import { z } from 'zod'
import { pageOf } from '../shared/http/envelope.js'
import { id } from '../shared/http/id.js'
import { money } from '../shared/http/money.js'
import { ORDER_STATUSES } from './orders.status.js'

const MAX_ITEMS = 100
const MAX_QUANTITY = 1_000

interface OrderLine {
  readonly productId: string
  readonly quantity: number
}

const isWithinLimit = (items: readonly OrderLine[]): boolean => {
  const pieces = new Map<string, number>()
  for (const { productId, quantity } of items) pieces.set(productId, (pieces.get(productId) ?? 0) + quantity)
  return Math.max(...pieces.values()) <= MAX_QUANTITY
}

export const newOrderBody = z.strictObject({
  items: z
    .array(z.strictObject({ productId: id, quantity: z.int().min(1).max(MAX_QUANTITY) }))
    .min(1)
    .max(MAX_ITEMS)
    .refine(isWithinLimit, `must have at most ${MAX_QUANTITY} pieces of one product`),
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

export const orderParams = z.strictObject({ id })

export type NewOrder = z.infer<typeof newOrderBody>
export type Order = z.infer<typeof orderSchema>
export type OrderItem = Order['items'][number]
