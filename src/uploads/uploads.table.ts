import { boolean, integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { bytea } from '../shared/database/columns.js'
import { UPLOAD_STATUSES } from './uploads.status.js'
import type { StoredVariants } from './uploads.variants.js'

const instant = (name: string) => timestamp(name, { withTimezone: true })

export const storedImages = pgTable('stored_images', {
  id: uuid('id').primaryKey(),
  sha256: bytea('sha256').notNull(),
  images: jsonb('images').$type<StoredVariants>(),
  inUse: boolean('in_use').notNull().default(false),
  createdAt: instant('created_at').notNull().defaultNow(),
})

export const uploads = pgTable('uploads', {
  id: uuid('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  storedImageId: uuid('stored_image_id'),
  status: text('status', { enum: UPLOAD_STATUSES }).notNull().default('processing'),
  contentType: text('content_type').notNull(),
  bytes: integer('bytes').notNull(),
  failureCode: text('failure_code'),
  failureMessage: text('failure_message'),
  version: integer('version').notNull().default(1),
  abandonedAt: instant('abandoned_at'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
})

export const media = pgTable('media', {
  id: uuid('id').primaryKey(),
  uploadId: uuid('upload_id').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
})
