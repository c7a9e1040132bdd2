import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createCircuitsRepository } from '../../src/webhooks/circuits.repository.js'
import { createDeliveriesRepository } from '../../src/webhooks/deliveries.repository.js'
import { createEndpointsRepository } from '../../src/webhooks/endpoints.repository.js'
import { createTriesRepository } from '../../src/webhooks/tries.repository.js'
import { createUpkeepRepository } from '../../src/webhooks/upkeep.repository.js'
import { createTestDatabase } from '../support/database.js'
import { watchPlans } from '../support/plans.js'

const USERS = 1_000
const ENDPOINTS_EACH = 5
const DELIVERIES = 20_000

t.test('nothing that is asked of webhooks reads a whole table', async (t) => {
  const testDatabase = await createTestDatabase(t)
  const { sql } = testDatabase
  await sql`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), n || '@example.com', 'Ada', 'x' from generate_series(1, ${USERS}) n`
  await sql`insert into webhook_endpoints (id, user_id, url, description, events, secret)
    select gen_random_uuid(), id, 'https://example.com/', '', '{order.placed}', 'none'
    from users, generate_series(1, ${ENDPOINTS_EACH})`
  await sql`insert into webhook_messages (id, user_id, event_id, type, body)
    select gen_random_uuid(), id, n::text, 'order.placed', '{}'
    from users, generate_series(1, ${DELIVERIES / USERS}) n`
  await sql`with endpoints as (select array_agg(id) as ids from webhook_endpoints)
    insert into webhook_deliveries (id, message_id, endpoint_id, status, ended_at, claimed_until, next_attempt_at)
    select gen_random_uuid(), id, ids[1 + n % array_length(ids, 1)], case when n % 10 > 0 then 'delivered' else 'pending' end,
      case when n % 10 > 0 then now() end, case when n % 100 = 0 then now() + interval '1 minute' end,
      case when n % 10 = 0 then now() - make_interval(mins => n::int) end
    from (select id, row_number() over () as n from webhook_messages) as message, endpoints`
  await sql`insert into webhook_attempts (delivery_id, number, duration_ms, answer)
    select id, 1, 1, '' from webhook_deliveries`
  await sql`insert into outbox (id, queue, name, version, key, payload)
    select gen_random_uuid(), 'webhooks', 'deliver-webhook', 1, 'deliver-webhook-' || id || '-1', '{}' from webhook_deliveries`
  const tables = [
    'users',
    'webhook_endpoints',
    'webhook_messages',
    'webhook_deliveries',
    'webhook_attempts',
    'outbox',
  ]
  for (const table of tables) await sql.unsafe(`vacuum (analyze) ${table}`)

  const { database, explain } = watchPlans(t, testDatabase)
  const [endpoints, deliveries] = [createEndpointsRepository(database), createDeliveriesRepository(database)]
  const [some] = await sql<
    { id: string; user_id: string }[]
  >`select id, user_id from webhook_endpoints limit 1`
  const [id, userId] = [some?.id ?? '', some?.user_id ?? '']
  await endpoints.lockAndCount(userId)
  await endpoints.findEndpoint(userId, id)
  await endpoints.listEndpoints(userId, 21)
  await endpoints.listEndpoints(userId, 21, id)
  await endpoints.listSubscribed(userId, 'order.placed')
  for (const status of [undefined, 'pending'] as const)
    for (const after of [undefined, randomUUID()])
      await deliveries.listDeliveries({ endpointId: id, status, after, limit: 21 })
  await deliveries.findDelivery(id, randomUUID())
  await deliveries.beginRound(id, randomUUID())
  await database.transaction(async (transaction) => {
    const [tries, circuits] = [createTriesRepository(transaction), createCircuitsRepository(transaction)]
    await tries.lockPending(randomUUID())
    await tries.countInFlight(id)
    await tries.countInFlightOf(userId)
    await tries.countPending(id)
    await circuits.lockEndpoint(id)
    await createUpkeepRepository(transaction).endUnsent(5_000)
    await createUpkeepRepository(transaction).deleteMessagesBefore(new Date(0), 500)
  })
  const plans = await explain()
  t.ok(plans.length >= 15)
  for (const { query, plan } of plans)
    t.notMatch(plan, new RegExp(`Seq Scan on (${tables.join('|')})`), `${query}\n${plan}`)
})
