import { integer, jsonb, pgTable, smallint, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export const outbox = pgTable('outbox', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  version: smallint('version').notNull(),
  key: text('key').notNull(),
  payload: jsonb('payload').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  dueAt: timestamp('due_at', { withTimezone: true }).notNull().defaultNow(),
  handovers: integer('handovers').notNull().default(0),
  closedAt: timestamp('closed_at', { withTimezone: true }),
  failure: text('failure'),
})
