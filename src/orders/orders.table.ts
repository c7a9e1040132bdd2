import { sql } from 'drizzle-orm'
import { bigint, char, integer, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core'
import { instantText } from '../shared/database/columns.js'
import { ORDER_STATUSES } from './orders.status.js'

export const orders = pgTable('orders', {
  id: uuid('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  status: text('status', { enum: ORDER_STATUSES }).notNull(),
  totalAmount: bigint('total_amount', { mode: 'number' }).notNull(),
  currency: char('currency', { length: 3 }).notNull(),
  createdAt: instantText('created_at').notNull().default(sql`now()`),
  updatedAt: instantText('updated_at').notNull().default(sql`now()`),
  version: integer('version').notNull().default(1),
})

export const orderItems = pgTable(
  'order_items',
  {
    orderId: uuid('order_id').notNull(),
    position: smallint('position').notNull(),
    productId: uuid('product_id').notNull(),
    sku: text('sku').notNull(),
    name: text('name').notNull(),
    unitPriceAmount: integer('unit_price_amount').notNull(),
    quantity: integer('quantity').notNull(),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.position] })],
)
