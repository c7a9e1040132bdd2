import { z } from 'zod'
import { pageOf } from '../shared/http/envelope.js'
import { id } from '../shared/http/id.js'
import { instant } from '../shared/http/instant.js'
import { money } from '../shared/http/money.js'
import { pageQuery } from '../shared/http/pagination.js'
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

const status = z.enum(ORDER_STATUSES)

export const orderSchema = z.object({
  id: z.uuid(),
  userId: z.uuid(),
  status,
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

/** `status=placed&status=confirmed`: one value comes as a text, several as a list. */
const statuses = z
  .union([status, z.array(status).min(1).max(ORDER_STATUSES.length)])
  .transform((given) => [...new Set([given].flat())].sort())

export const ordersQuery = pageQuery.extend({
  status: statuses.optional().meta({ description: 'Any of these: repeat the parameter' }),
  createdAfter: instant.optional(),
  createdBefore: instant.optional(),
  userId: id.optional().meta({ description: 'For admins: this user’s orders' }),
})

/** A step in an order's history. */
export const orderEventSchema = z.object({
  from: status.nullable().meta({ description: 'Null: the order was placed' }),
  to: status,
  actorId: z.uuid().nullable().meta({ description: 'Who did it; null: the service itself' }),
  createdAt: z.iso.datetime(),
})

export const orderEventPage = pageOf(orderEventSchema)

/** Where a history goes on. */
export const eventPosition = z.tuple([z.int32()])

export type NewOrder = z.infer<typeof newOrderBody>
export type OrdersQuery = z.infer<typeof ordersQuery>
export type OrderEvent = z.infer<typeof orderEventSchema>
export type Order = z.infer<typeof orderSchema>
export type OrderItem = Order['items'][number]
