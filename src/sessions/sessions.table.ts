import { inet, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { bytea } from '../shared/database/columns.js'

const instant = (name: string) => timestamp(name, { withTimezone: true })

export const sessions = pgTable('sessions', {
  id: uuid('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  /** Of the current token. */
  refreshTokenHash: bytea('refresh_token_hash').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  expiresAt: instant('expires_at').notNull(),
  familyHash: bytea('family_hash'),
  previousTokenHash: bytea('previous_token_hash'),
  successorSeed: bytea('successor_seed'),
  rotatedAt: instant('rotated_at'),
  lastUsedAt: instant('last_used_at').notNull().defaultNow(),
  userAgent: text('user_agent'),
  address: inet('address'),
  endedAt: instant('ended_at'),
  endReason: text('end_reason'),
})
