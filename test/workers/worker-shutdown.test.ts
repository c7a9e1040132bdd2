import t from 'tap'
import { createWorld } from '../support/app.js'
import { insertWelcome, untilOutboxClosed } from '../support/outbox.js'
import { startProcess } from '../support/process.js'
import { startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

/** Far below the grace of 25 s that a hanging step would take. */
const PROMPT_MS = 3_000

t.test('a worker finishes the job in hand, then ends; it needs no API', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  const worker = await startProcess(t, 'worker.js', world.env)
  const job = await insertWelcome(world)
  await until('the job to be in hand', () => smtp.stalled() === 1)
  worker.kill('SIGTERM')
  await worker.untilLogged('shutting down')
  smtp.release()
  const released = performance.now()
  t.equal(await worker.exit, 0)
  t.ok(performance.now() - released < PROMPT_MS)
  t.match(await untilOutboxClosed(world), [{ id: job.id, failure: null, handovers: 1 }])
  t.equal(worker.stderr(), '')
  t.notOk(worker.log.some(({ level }) => Number(level) >= 40))
})
