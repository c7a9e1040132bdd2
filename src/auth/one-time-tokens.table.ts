import { pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { bytea } from '../shared/database/columns.js'
import { PURPOSES } from './auth.purposes.js'

export const oneTimeTokens = pgTable('one_time_tokens', {
  tokenHash: bytea('token_hash').primaryKey(),
  userId: uuid('user_id').notNull(),
  purpose: text('purpose', { enum: PURPOSES }).notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
})
