import { sql } from 'drizzle-orm'
import { integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { instantText } from '../shared/database/columns.js'
import { ROLES } from '../shared/principal.js'

const instant = (name: string) => timestamp(name, { withTimezone: true })

export const users = pgTable('users', {
  id: uuid('id').primaryKey(),
  /** Null once deleted, as the hash. */
  email: text('email'),
  name: text('name').notNull(),
  passwordHash: text('password_hash'),
  role: text('role', { enum: ROLES }).notNull().default('user'),
  createdAt: instantText('created_at').notNull().default(sql`now()`),
  updatedAt: instantText('updated_at').notNull().default(sql`now()`),
  emailVerifiedAt: instant('email_verified_at'),
  disabledAt: instant('disabled_at'),
  deletedAt: instant('deleted_at'),
  version: integer('version').notNull().default(1),
  avatarId: uuid('avatar_id'),
})
