import { integer, jsonb, pgTable, smallint, text, timestamp, uuid } from 'drizzle-orm/pg-core'

const instant = (name: string) => timestamp(name, { withTimezone: true })

export const outbox = pgTable('outbox', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  version: smallint('version').notNull(),
  key: text('key').notNull(),
  payload: jsonb('payload').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  dueAt: instant('due_at').notNull().defaultNow(),
  handovers: integer('handovers').notNull().default(0),
  closedAt: instant('closed_at'),
  failure: text('failure'),
  queue: text('queue').notNull().default('mail'),
  round: integer('round').notNull().default(1),
  handedOverAt: instant('handed_over_at'),
  claimedUntil: instant('claimed_until'),
  starts: integer('starts').notNull().default(0),
  attempts: integer('attempts').notNull().default(0),
  lastError: text('last_error'),
  parkedAt: instant('parked_at'),
  discardedAt: instant('discarded_at'),
  traceparent: text('traceparent'),
  claimId: uuid('claim_id'),
  claimDeaths: integer('claim_deaths'),
  readyAt: instant('ready_at'),
})
