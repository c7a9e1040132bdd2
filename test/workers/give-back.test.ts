import t from 'tap'
import { createWorld, startWorkerPod } from '../support/app.js'
import { insertWelcome, outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { openQueue } from '../support/queue.js'
import { startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

t.test(
  'a worker gives back what it cannot finish within its grace, and another begins at once',
  async (t) => {
    const smtp = await startSmtp(t, 'stall')
    const world = await createWorld(t, { SMTP_URL: smtp.url, SHUTDOWN_GRACE_MS: '1000' })
    const first = await startWorkerPod(t, world)
    const job = await insertWelcome(world)
    await until('the job to be in hand', () => smtp.stalled() === 1)
    await first.stop()
    t.match(await outboxRows(world), [
      { id: job.id, closed_at: null, claimed_until: null, round: 2, attempts: 0, starts: 0 },
    ])
    t.match(
      first.log.filter(({ jobId }) => jobId === job.id),
      [{ msg: 'job given back' }],
    )

    smtp.setMode('accept')
    await startWorkerPod(t, world)
    t.match(await untilOutboxClosed(world), [{ failure: null, round: 2 }])
    t.equal(smtp.mails.length, 1)
  },
)

t.test('a worker that is told to stop takes nothing more', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const world = await createWorld(t, {
    SMTP_URL: smtp.url,
    WORKER_CONCURRENCY: 'mail=1',
    LOG_LEVEL: 'debug',
  })
  const worker = await startWorkerPod(t, world)
  const queue = openQueue(t, world, 'mail')
  await insertWelcome(world)
  await until('the first to be in hand', () => smtp.stalled() === 1)
  await insertWelcome(world)
  await until('the second to wait', async () => (await queue.getWaitingCount()) === 1)
  const stopped = worker.stop()
  await until('the workers to be told', () => worker.log.find(({ step }) => step === 'watchdog'))
  smtp.setMode('accept')
  smtp.release()
  t.ok(await stopped)
  const rows = await outboxRows(world)
  t.match(rows, [{ failure: null }, { closed_at: null, starts: 0 }])
  t.ok(rows[0]?.closed_at)
  t.equal(await queue.getActiveCount(), 0, 'nothing is left to stall')
})
