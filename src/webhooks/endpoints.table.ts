import { boolean, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { WEBHOOK_EVENTS } from './webhooks.events.js'
import { DISABLED_REASONS } from './webhooks.states.js'

const instant = (name: string) => timestamp(name, { withTimezone: true })

export const webhookEndpoints = pgTable('webhook_endpoints', {
  id: uuid('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  url: text('url').notNull(),
  description: text('description').notNull(),
  events: text('events', { enum: WEBHOOK_EVENTS }).array().notNull(),
  enabled: boolean('enabled').notNull().default(true),
  disabledReason: text('disabled_reason', { enum: DISABLED_REASONS }),
  /** Encrypted, as the previous one. */
  secret: text('secret').notNull(),
  previousSecret: text('previous_secret'),
  previousSecretExpiresAt: instant('previous_secret_expires_at'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
  version: integer('version').notNull().default(1),
  consecutiveFailures: integer('consecutive_failures').notNull().default(0),
  failingSince: instant('failing_since'),
  openUntil: instant('open_until'),
})
