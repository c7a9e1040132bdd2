import { sql } from 'drizzle-orm'
import { integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instantText } from '../shared/database/columns.js'
import { ORDER_STATUSES } from './orders.status.js'

export const orderEvents = pgTable(
  'order_events',
  {
    orderId: uuid('order_id').notNull(),
    version: integer('version').notNull(),
    actorId: uuid('actor_id'),
    fromStatus: text('from_status', { enum: ORDER_STATUSES }),
    toStatus: text('to_status', { enum: ORDER_STATUSES }).notNull(),
    createdAt: instantText('created_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.version] })],
)
