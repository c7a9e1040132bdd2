import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core'
import t from 'tap'
import { oneTimeTokens } from '../src/auth/one-time-tokens.table.js'
import { orderEvents } from '../src/orders/history.table.js'
import { orderItems, orders } from '../src/orders/orders.table.js'
import { products } from '../src/products/products.table.js'
import { realtimeEvents, realtimeStreams } from '../src/realtime/realtime.table.js'
import { sessions } from '../src/sessions/sessions.table.js'
import { auditLog } from '../src/shared/database/audit.table.js'
import { fences } from '../src/shared/database/fences.table.js'
import { idempotencyKeys } from '../src/shared/database/idempotency-keys.table.js'
import { jobRuns } from '../src/shared/database/job-runs.table.js'
import { outbox } from '../src/shared/database/outbox.table.js'
import { media, storedImages, uploads } from '../src/uploads/uploads.table.js'
import { users } from '../src/users/users.table.js'
import { webhookAttempts, webhookDeliveries, webhookMessages } from '../src/webhooks/deliveries.table.js'
import { webhookEndpoints } from '../src/webhooks/endpoints.table.js'
import { createTestDatabase } from './support/database.js'

const tables: readonly PgTable[] = [
  users,
  sessions,
  oneTimeTokens,
  products,
  orders,
  orderItems,
  outbox,
  fences,
  auditLog,
  jobRuns,
  orderEvents,
  idempotencyKeys,
  storedImages,
  uploads,
  media,
  webhookEndpoints,
  webhookMessages,
  webhookDeliveries,
  webhookAttempts,
  realtimeStreams,
  realtimeEvents,
]

/** Foreign keys that no list reads by: they are checked when a referenced row goes, and products do not. */
const NOT_LISTED_BY = ['order_items.product_id']

/** drizzle's short names as Postgres spells them. */
const spelt = (type: string): string => type.replace(/^char\(/, 'character(')

const columnsOf = (table: PgTable) =>
  getTableConfig(table).columns.map((column) => ({
    name: column.name,
    type: spelt(column.getSQLType()),
    notNull: column.notNull,
    hasDefault: column.hasDefault || column.generated !== undefined,
  }))

t.test('the tables in the code are the tables in the database', async (t) => {
  const { sql } = await createTestDatabase(t)
  for (const table of tables) {
    const { name } = getTableConfig(table)
    const columns = await sql`
      select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as "notNull",
        atthasdef as "hasDefault"
      from pg_attribute
      where attrelid = ${name}::regclass and attnum > 0 and not attisdropped
      order by attnum`
    t.strictSame(
      [...columns].map((column) => ({ ...column })),
      columnsOf(table),
      name,
    )
  }
  const existing = await sql`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`
  t.strictSame(
    existing.map(({ name }) => name),
    tables.map((table) => getTableConfig(table).name).sort(),
    'and there are no others',
  )
})

t.test('a foreign key that lists are read by leads an index', async (t) => {
  const { sql } = await createTestDatabase(t)
  const unindexed = await sql`
    select conrelid::regclass || '.' || attname as name
    from pg_constraint
    join pg_attribute on attrelid = conrelid and attnum = conkey[1]
    where contype = 'f' and connamespace = 'public'::regnamespace
      and not exists (select from pg_index where indrelid = conrelid and indkey[0] = conkey[1])
    order by 1`
  t.strictSame(
    unindexed.map(({ name }) => name),
    NOT_LISTED_BY,
  )
})
