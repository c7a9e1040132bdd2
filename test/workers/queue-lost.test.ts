import t from 'tap'
import { createWorld, startWorkerPod } from '../support/app.js'
import { insertWelcome, outboxRows, untilOutboxClosed } from '../support/outbox.js'
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
})
