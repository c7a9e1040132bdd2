import { sql } from 'drizzle-orm'
import { bigint, jsonb, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { instantText } from '../shared/database/columns.js'

export const realtimeStreams = pgTable('realtime_streams', {
  userId: uuid('user_id').primaryKey(),
  lastNumber: bigint('last_number', { mode: 'number' }).notNull().default(0),
})

export const realtimeEvents = pgTable(
  'realtime_events',
  {
    userId: uuid('user_id').notNull(),
    number: bigint('number', { mode: 'number' }).notNull(),
    key: text('key').notNull(),
    type: text('type').notNull(),
    data: jsonb('data').$type<Readonly<Record<string, unknown>>>().notNull(),
    occurredAt: instantText('occurred_at').notNull(),
    createdAt: instantText('created_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.userId, table.number] }), unique().on(table.userId, table.key)],
)
