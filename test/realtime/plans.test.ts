import t from 'tap'
import { createRealtimeRepository } from '../../src/realtime/realtime.repository.js'
import { createSessionsRepository } from '../../src/sessions/sessions.repository.js'
import { createTestDatabase } from '../support/database.js'
import { watchPlans } from '../support/plans.js'

const USERS = 2_000
const EVENTS_EACH = 10

t.test('nothing that is asked of streams reads a whole table', async (t) => {
  const testDatabase = await createTestDatabase(t)
  const { sql } = testDatabase
  await sql`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), n || '@example.com', 'Ada', 'x' from generate_series(1, ${USERS}) n`
  await sql`insert into sessions (id, user_id, refresh_token_hash, expires_at)
    select gen_random_uuid(), id, gen_random_uuid()::text::bytea, now() + interval '1 day' from users`
  await sql`insert into realtime_streams (user_id, last_number) select id, ${EVENTS_EACH} from users`
  await sql`insert into realtime_events (user_id, number, key, type, data, occurred_at, created_at)
    select user_id, n, n::text, 'order.placed', '{}', now(), now() - make_interval(mins => n)
    from realtime_streams, generate_series(1, ${EVENTS_EACH}::int) n`
  const tables = ['realtime_streams', 'realtime_events', 'sessions']
  for (const table of tables) await sql.unsafe(`vacuum (analyze) ${table}`)
  const ids = (await sql<{ id: string }[]>`select id from users limit 100`).map(({ id }) => id)

  const { database, explain } = watchPlans(t, testDatabase)
  const repository = createRealtimeRepository(database)
  const [userId = ''] = ids
  await repository.lockStream(userId)
  await repository.appendEvents(userId, [
    { key: 'new', type: 'order.placed', occurredAt: new Date().toISOString(), data: {} },
  ])
  const readings = await repository.readStreams(
    ids.map((id, at) => ({ userId: id, after: at === 1 ? Number.MAX_SAFE_INTEGER : EVENTS_EACH - 2 })),
    200,
  )
  t.equal(readings.length, ids.length)
  t.match(readings[0], { last: EVENTS_EACH + 1, events: [{ number: 9 }, { number: 10 }, { number: 11 }] })
  t.strictSame(readings[1], { last: EVENTS_EACH, events: [] })
  t.equal(await repository.deleteEvents(24, 5_000), 0)
  await createSessionsRepository(database).findLive(ids)
  const plans = await explain()
  t.ok(plans.length >= 3)
  for (const { query, plan } of plans)
    t.notMatch(plan, new RegExp(`Seq Scan on (${tables.join('|')})`), `${query}\n${plan}`)
})
