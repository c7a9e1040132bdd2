import { Redis } from 'ioredis'
import t from 'tap'
import { connectDatabase } from '../../../src/shared/database/client.js'
import { createRelay } from '../../../src/shared/queue/relay.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { createWorld, startWorkerPod } from '../../support/app.js'
import { testServices } from '../../support/environment.js'
import { insertWelcome, outboxRows } from '../../support/outbox.js'
import { until } from '../../support/until.js'

/** Two turns of a relay. */
const LOST = 5_001

const createSignal = () => {
  let give = (): void => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}

t.test('a loss that another relay has made good is no part of the next one', async (t) => {
  const { database: db, redisPrefix: prefix } = await createWorld(t)
  const { database, close } = connectDatabase({ url: db.url, poolMax: 2, applicationName: 'test' })
  const redis = new Redis(testServices().redisUrl)
  await redis.ping()
  let losses = 0
  const queueLost = () => {
    losses += 1
  }
  const metrics = { queueLost, handedOver: () => {}, ended: () => {}, buried: () => {} }
  const logger = createLogger({ level: 'info', process: 'test', destination: { write: () => {} } })
  const relay = createRelay({ database, redis, prefix, metrics, logger })
  t.teardown(async () => {
    await relay.close()
    await redis.quit()
    await close()
  })
  await db.sql`insert into outbox (id, name, version, key, payload, handed_over_at, due_at)
    select gen_random_uuid(), 'job', 1, 'job-' || n, '{}', now(), now() + interval '10 minutes'
    from generate_series(1, ${LOST}) n`
  t.equal(await relay.handOver(), 5_000, 'the first turn recalls as many as it may')

  await redis.set(`${prefix}:queues-filled`, '1')
  await relay.handOver()
  await redis.del(`${prefix}:queues-filled`)
  await db.sql`update outbox set closed_at = now()`
  t.equal(await relay.handOver(), 0)
  t.equal(losses, 0, 'nothing was lost this time')

  await db.sql`update outbox set closed_at = null, handed_over_at = now(), due_at = now() + interval '10 minutes'`
  await redis.del(`${prefix}:queues-filled`)
  for (let turn = 0; turn < 2; turn += 1) await relay.handOver()
  t.equal(losses, 1, 'nor is one of two turns told twice')
})

t.test('a relay that saw an empty queue does not recall what another has put there since', async (t) => {
  const world = await createWorld(t)
  const { database, close } = connectDatabase({
    url: world.database.url,
    poolMax: 2,
    applicationName: 'test',
  })
  const metrics = { queueLost: () => {}, handedOver: () => {}, ended: () => {}, buried: () => {} }
  const logger = createLogger({ level: 'silent', process: 'test' })
  const clients = [new Redis(testServices().redisUrl), new Redis(testServices().redisUrl)] as const
  await Promise.all(clients.map((redis) => redis.ping()))
  const needs = { database, prefix: world.redisPrefix, metrics, logger }
  const [early, late] = clients.map((redis) => createRelay({ ...needs, redis }))
  t.teardown(async () => {
    await Promise.all([early?.close(), late?.close()])
    await Promise.all(clients.map((redis) => redis.quit()))
    await close()
  })
  const looked = createSignal()
  const released = createSignal()
  const [, slow] = clients
  const exists: (key: string) => Promise<number> = slow.exists.bind(slow)
  const existsLater = async (key: string) => {
    const signs = await exists(key)
    looked.give()
    await released.given
    return signs
  }
  // Of its forms a relay uses this one.
  slow.exists = existsLater as typeof slow.exists
  await insertWelcome(world)
  const recalling = late?.handOver()
  await looked.given
  t.equal(await early?.handOver(), 1)
  released.give()
  t.equal(await recalling, 0)
  t.match(await outboxRows(world), [{ handovers: 1, closed_at: null }])
})

t.test('a queue that takes nothing keeps no other from its jobs', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const worker = await startWorkerPod(t, world)
  const isClosed = async (key: string) =>
    (await outboxRows(world)).some((row) => row.key === key && row.closed_at !== null)
  // Queues' names are in their keys, and the queues' software refuses what would split one.
  await sql`insert into outbox (id, queue, name, version, key, payload)
    values (gen_random_uuid(), 'a:b', 'job', 1, 'nowhere', '{}')`
  await until('the fault to be told', () => worker.log.find(({ msg }) => msg === 'outbox relay waits'))
  for (let i = 0; i < 3; i += 1) {
    const { key } = await insertWelcome(world)
    await until('the job to be done', () => isClosed(key))
  }
  t.match(await sql`select closed_at, claimed_until from outbox where queue = 'a:b'`, [
    { closed_at: null, claimed_until: null },
  ])
})
