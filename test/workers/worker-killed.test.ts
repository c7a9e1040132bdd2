import t from 'tap'
import { createWorld } from '../support/app.js'
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
