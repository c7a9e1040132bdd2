import { inet, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export const auditLog = pgTable('audit_log', {
  id: uuid('id').primaryKey(),
  action: text('action').notNull(),
  actorId: uuid('actor_id'),
  subjectId: uuid('subject_id'),
  sessionId: uuid('session_id'),
  address: inet('address'),
  requestId: text('request_id'),
  details: jsonb('details').notNull().default({}),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
})
