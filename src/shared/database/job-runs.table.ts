import { bigint, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'

export const jobRuns = pgTable(
  'job_runs',
  {
    name: text('name').notNull(),
    token: bigint('token', { mode: 'number' }).notNull(),
    holder: text('holder').notNull(),
    startedAt: timestamp('started_at', { withTimezone: true }).notNull().defaultNow(),
    finishedAt: timestamp('finished_at', { withTimezone: true }),
    rows: integer('rows').notNull().default(0),
    failure: text('failure'),
    everySeconds: integer('every_seconds'),
  },
  (table) => [primaryKey({ columns: [table.name, table.token] })],
)
