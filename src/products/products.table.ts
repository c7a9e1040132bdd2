import { sql } from 'drizzle-orm'
import { char, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { instantText, tsvector } from '../shared/database/columns.js'

export const products = pgTable('products', {
  id: uuid('id').primaryKey(),
  sku: text('sku').notNull(),
  name: text('name').notNull(),
  description: text('description').notNull(),
  priceAmount: integer('price_amount').notNull(),
  priceCurrency: char('price_currency', { length: 3 }).notNull(),
  stock: integer('stock').notNull(),
  createdAt: instantText('created_at').notNull().default(sql`now()`),
  updatedAt: instantText('updated_at').notNull().default(sql`now()`),
  version: integer('version').notNull().default(1),
  deletedAt: timestamp('deleted_at', { withTimezone: true }),
  // Its expression is the migration's business; that it is generated keeps it out of every insert.
  search: tsvector('search').notNull().generatedAlwaysAs(sql`''`),
  imageId: uuid('image_id'),
})
