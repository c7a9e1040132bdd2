import { Redis } from 'ioredis'
import t from 'tap'
import { createWorld, startWorkerPod } from '../support/app.js'
import { testServices } from '../support/environment.js'
import { insertWelcome, outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { startProcess } from '../support/process.js'
import { startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

/** The dead worker's lock of 10 s, up to two checks of 5 s each, and the work. */
const TAKEOVER_LIMIT_MS = 30_000

t.test('a worker killed in the middle of a job loses nothing', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  const first = await startProcess(t, 'worker.js', world.env)
  await first.untilLogged('worker ready')
  const job = await insertWelcome(world)
  await until('the job to be in hand', () => smtp.stalled() === 1)
  first.kill('SIGKILL')
  t.equal(await first.exit, null)
  t.match(await outboxRows(world), [{ id: job.id, handovers: 1, closed_at: null }], 'it is still to be done')

  smtp.setMode('accept')
  const second = await startProcess(t, 'worker.js', world.env)
  const rows = await untilOutboxClosed(world, TAKEOVER_LIMIT_MS)
  t.match(rows, [{ id: job.id, failure: null, handovers: 1 }], 'done, by the queue alone')
  t.strictSame(
    smtp.mails.map(({ recipients, messageId }) => [recipients, messageId]),
    [[[job.to], `${job.key}@unnest.example`]],
  )
  await second.untilLogged('job done')
  t.notOk(second.log.some(({ level }) => Number(level) >= 40))
})

t.test('a queue that lost everything is filled again from the outbox', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  const worker = await startWorkerPod(t, world)
  const job = await insertWelcome(world)
  await until('the job to be in hand', () => smtp.stalled() === 1)
  await until('the handover to be recorded', async () => (await outboxRows(world))[0]?.handovers === 1)

  const redis = new Redis(testServices().redisUrl)
  t.teardown(() => redis.quit())
  const keys = await redis.keys(`${world.redisPrefix}:*`)
  t.ok(keys.some((key) => key.endsWith(`${job.id}_1`)))
  await redis.unlink(...keys)
  smtp.setMode('accept')

  const rows = await untilOutboxClosed(world)
  t.match(rows, [{ id: job.id, failure: null, handovers: 2 }])
  t.match(smtp.mails, [{ recipients: [job.to], messageId: `${job.key}@unnest.example` }])
  smtp.release()
  t.ok(await worker.stop(), 'and the worker that held the lost job ends in order')
  t.notOk(worker.log.some(({ level }) => Number(level) >= 50))
})
