import { bigint, pgTable, text } from 'drizzle-orm/pg-core'

export const fences = pgTable('fences', {
  name: text('name').primaryKey(),
  token: bigint('token', { mode: 'number' }).notNull(),
})
