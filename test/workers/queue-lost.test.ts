import t from 'tap'
import { queuePrefixOf } from '../../src/shared/queue/job-data.js'
import { createWorld, startWorkerPod } from '../support/app.js'
import { insertJob, insertWelcome, outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { startOwnRedis } from '../support/own-redis.js'
import { startProcess } from '../support/process.js'
import { startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

t.test('a queue that lost everything is filled again at once; what is in hand is done once', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const redis = await startOwnRedis(t)
  const world = await createWorld(t, {
    SMTP_URL: smtp.url,
    REDIS_URL: redis.url,
    WORKER_CONCURRENCY: 'mail=1',
  })
  const worker = await startWorkerPod(t, world)
  await insertWelcome(world)
  await until('one to be in hand', () => smtp.stalled() === 1)
  for (let i = 0; i < 20; i += 1) await insertWelcome(world)
  await until('the others to be handed over', async () =>
    (await outboxRows(world)).every(({ handed_over_at }) => handed_over_at !== null),
  )
  await redis.client.flushall()
  await until('the loss to be noticed', () =>
    worker.log.find(({ msg }) => msg === 'the queue was empty and is filled again from the outbox'),
  )
  smtp.setMode('accept')
  smtp.release()
  const rows = await untilOutboxClosed(world)
  t.ok(rows.every(({ failure, attempts }) => failure === null && attempts === 0))
  t.equal(smtp.mails.length, 21, 'each once')
  t.equal(new Set(smtp.mails.map(({ messageId }) => messageId)).size, 21)
})

t.test('work whose lock in the queue is lost goes on unless another worker has the job', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const redis = await startOwnRedis(t)
  const world = await createWorld(t, { SMTP_URL: smtp.url, REDIS_URL: redis.url })
  const worker = await startWorkerPod(t, world)
  const [ours, taken] = [await insertWelcome(world), await insertWelcome(world)]
  await until('both to be in hand', () => smtp.stalled() === 2)
  await world.database.sql`update outbox set claim_id = gen_random_uuid() where id = ${taken.id}`
  await redis.client.flushall()
  const line = await until('the one to be let go', () =>
    worker.log.find(({ msg }) => msg === 'job was taken over by another worker'),
  )
  t.equal(line['jobId'], taken.id)
  await until('its mail to be broken off', () => smtp.stalled() === 1)
  smtp.release()
  const ended = ({ id }: { id: string }) =>
    worker.log.some(({ msg, jobId }) => msg === 'job done' && jobId === id)
  await until('the other to be done', () => ended(ours))
  t.notOk(ended(taken))
  const rows = await outboxRows(world)
  t.match(
    rows.find(({ id }) => id === taken.id),
    { closed_at: null, round: 1, attempts: 0 },
    'nothing is written down of it',
  )
})

t.test('a queue that is full gets nothing more, and the jobs of others come through', async (t) => {
  const redis = await startOwnRedis(t)
  const world = await createWorld(t, { REDIS_URL: redis.url, WORKER_QUEUES: 'events' })
  const waiting = `${queuePrefixOf(world.redisPrefix)}:mail:wait`
  const worker = await startWorkerPod(t, world)
  await insertWelcome(world)
  await until('the first to wait in Redis', async () => (await redis.client.llen(waiting)) === 1)
  await redis.client.rpush(waiting, ...Array.from({ length: 9_900 }, String))
  const closed = async (id: string) =>
    (await outboxRows(world)).find((row) => row.id === id)?.closed_at ?? undefined
  const untilAnEventEnds = async (): Promise<void> => {
    const event = await insertJob(world, { name: 'publish-order-event', payload: { nobody: 'knows' } })
    await until('the event to have its end', () => closed(event))
  }
  // A relay that looked before the queue was full has taken all that it will take by then.
  await untilAnEventEnds()
  const late = await insertWelcome(world)
  await untilAnEventEnds()
  const handedOver = async () =>
    (await outboxRows(world)).find(({ id }) => id === late.id)?.handed_over_at ?? undefined
  t.equal(await handedOver(), undefined, 'it stays due in Postgres')
  const port = worker.log.find(({ msg }) => msg === 'metrics and health are served')?.['port']
  await world.database.sql`update outbox set due_at = due_at - interval '1 hour' where id = ${late.id}`
  // One look serves all who ask within a moment, and somebody may have asked before.
  const age = await until('the age to be told', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const [, seconds] = /unnest_outbox_overdue_seconds\{queue="mail"\} (\d+)/.exec(metrics) ?? []
    return Number(seconds) >= 3_600 && Number(seconds)
  })
  t.ok(age < 3_700, `overdue for ${age} s`)
  await redis.client.ltrim(waiting, 0, 0)
  await until('there to be room', handedOver)
})

t.test('a queue that evicts', async (t) => {
  const redis = await startOwnRedis(t)
  await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru')
  const world = await createWorld(t)
  const env = { ...world.env, QUEUE_REDIS_URL: redis.url }

  await t.test('keeps the worker from starting, and the message says what to do', async (t) => {
    const worker = await startProcess(t, 'worker.js', env)
    t.equal(await worker.exit, 1)
    t.match(worker.stderr(), /maxmemory-policy allkeys-lru/)
    t.match(worker.stderr(), /Set maxmemory-policy to noeviction/)
    t.match(worker.stderr(), /REDIS_EVICTION_CHECK=off/)
  })

  await t.test('is taken when the check is off', async (t) => {
    const worker = await startProcess(t, 'worker.js', { ...env, REDIS_EVICTION_CHECK: 'off' })
    t.ok(await worker.untilLogged('worker ready'))
  })

  await t.test('ends a running one when it is connected to again', async (t) => {
    await redis.client.config('SET', 'maxmemory-policy', 'noeviction')
    const worker = await startProcess(t, 'worker.js', env)
    await worker.untilLogged('worker ready')
    await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    t.match(await worker.untilLogged('the queue would lose jobs'), { level: 60, alert: 'queue_evicts' })
    t.equal(await worker.exit, 1)
  })
})
