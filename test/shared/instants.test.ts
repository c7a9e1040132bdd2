import { sql } from 'drizzle-orm'
import t from 'tap'
import { orders } from '../../src/orders/orders.table.js'
import { connectDatabase } from '../../src/shared/database/client.js'
import { createTestDatabase } from '../support/database.js'

const MOMENTS = [
  '2026-11-28 01:02:03.456789+00',
  '2026-11-28 01:02:03.4+00',
  '2026-11-28 01:02:03+00',
  '2026-11-28 23:59:59.999999+00',
  '2024-02-29 00:00:00.0004+00',
  '0999-01-01 00:00:00.01+00',
  '1969-12-31 23:59:59.9+00',
]

const ask = async (database: ReturnType<typeof connectDatabase>['database'], texts: readonly string[]) => {
  const rows = await database.execute<{ at: string }>(
    sql`select value::timestamptz as at from json_array_elements_text(${JSON.stringify(texts)}::json)`,
  )
  return rows.map(({ at }) => at)
}

t.test('a moment is told as a date of it would tell it, to the millisecond', async (t) => {
  const { url } = await createTestDatabase(t)
  const { database, close } = connectDatabase({ url, poolMax: 1, applicationName: 'test' })
  t.teardown(close)
  const written = await ask(database, MOMENTS)
  t.strictSame(
    written.map((text) => orders.createdAt.mapFromDriverValue(text)),
    MOMENTS.map((text) => new Date(text).toISOString()),
  )
  t.ok(
    written.every((text) => text.endsWith('+00')),
    'Postgres writes it in UTC to whoever connects as the service does',
  )
  t.equal(
    orders.createdAt.mapFromDriverValue('2026-11-28 01:02:03.456789+05:30'),
    '2026-11-27T19:32:03.456Z',
    'and where it does not, it is the same moment',
  )
})
