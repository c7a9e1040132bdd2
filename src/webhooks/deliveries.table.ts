import { integer, pgTable, primaryKey, smallint, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { WEBHOOK_EVENTS } from './webhooks.events.js'
import { DELIVERY_FAILURES, DELIVERY_STATUSES } from './webhooks.states.js'

const instant = (name: string) => timestamp(name, { withTimezone: true })

export const webhookMessages = pgTable('webhook_messages', {
  id: uuid('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  eventId: text('event_id').notNull(),
  type: text('type', { enum: WEBHOOK_EVENTS }).notNull(),
  body: text('body').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
})

export const webhookDeliveries = pgTable('webhook_deliveries', {
  id: uuid('id').primaryKey(),
  messageId: uuid('message_id').notNull(),
  endpointId: uuid('endpoint_id').notNull(),
  status: text('status', { enum: DELIVERY_STATUSES }).notNull().default('pending'),
  round: integer('round').notNull().default(1),
  tries: integer('tries').notNull().default(0),
  attempts: integer('attempts').notNull().default(0),
  claimedUntil: instant('claimed_until'),
  nextAttemptAt: instant('next_attempt_at').defaultNow(),
  createdAt: instant('created_at').notNull().defaultNow(),
  endedAt: instant('ended_at'),
  failure: text('failure', { enum: DELIVERY_FAILURES }),
})

export const webhookAttempts = pgTable(
  'webhook_attempts',
  {
    deliveryId: uuid('delivery_id').notNull(),
    number: integer('number').notNull(),
    status: smallint('status'),
    error: text('error'),
    durationMs: integer('duration_ms').notNull(),
    answer: text('answer').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.deliveryId, table.number] })],
)
