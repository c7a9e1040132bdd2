import { Redis } from 'ioredis'
import t, { type Test as TapTest } from 'tap'
import { createWorld, startWorkerPod, type World } from '../support/app.js'
import { testServices } from '../support/environment.js'
import { figure } from '../support/figures.js'
import { insertWelcome, outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { startProcess } from '../support/process.js'
import { type SmtpServer, startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

const DEATHS = 5
const REASON = '5 workers died while they had this job in hand.'

/** The dead worker's lease and its lock in the queue run out; that they do so by themselves is another test's matter. */
const letLeaseRunOut = async ({ database, redisPrefix }: World) => {
  const redis = new Redis(testServices().redisUrl)
  await redis.unlink(...(await redis.keys(`${redisPrefix}:*`)))
  await redis.quit()
  await database.sql`update outbox set claimed_until = now(), due_at = now() where closed_at is null`
}

const killWithJobInHand = async (t: TapTest, world: World, smtp: SmtpServer) => {
  const worker = await startProcess(t, 'worker.js', world.env)
  await until('the job to be in hand', () => smtp.stalled() > 0)
  worker.kill('SIGKILL')
  await worker.exit
  await until('its connection to be gone', () => smtp.stalled() === 0)
  await letLeaseRunOut(world)
}

t.test('a job whose worker dies five times becomes a dead letter, with an alert', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  const job = await insertWelcome(world)
  for (let death = 1; death <= DEATHS; death += 1) {
    await killWithJobInHand(t, world, smtp)
    t.match(await outboxRows(world), [{ closed_at: null, starts: death, attempts: 0 }])
  }
  const last = await startProcess(t, 'worker.js', { ...world.env })
  t.match(await untilOutboxClosed(world), [{ id: job.id, failure: REASON }])
  const line = await last.untilLogged('job failed')
  t.match(line, { level: 50, alert: 'dead_letter', why: 'worker_died', jobId: job.id })
  const { port } = await last.untilLogged('metrics and health are served')
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  t.match(metrics, 'unnest_dead_letters_total{job_name="send-welcome",why="worker_died"} 1')
  t.equal(smtp.mails.length, 0)
  figure(t, `row 2: killed ${DEATHS} times with the job in hand: 1 dead letter, 1 alert, 0 silent`)
})

t.test('what waits behind a suspect is not taken for the cause', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  await insertWelcome(world)
  await insertWelcome(world)
  await world.database.sql`update outbox set starts = 4`
  const worker = await startProcess(t, 'worker.js', world.env)
  await until('both to be in hand', async () =>
    (await outboxRows(world)).every(({ claimed_until }) => claimed_until !== null),
  )
  await until('one to have its turn', () => smtp.stalled() === 1)
  worker.kill('SIGKILL')
  await worker.exit
  t.strictSame((await outboxRows(world)).map(({ starts }) => starts).sort(), [4, 5], 'one had begun')
  await letLeaseRunOut(world)
  smtp.setMode('accept')
  await startWorkerPod(t, world)
  const rows = await untilOutboxClosed(world)
  t.strictSame(rows.map(({ failure }) => failure).sort(), [REASON, null])
})

t.test('a job that was in hand at two deaths runs alone: what dies next is the cause', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  const bystander = await insertWelcome(world)
  const suspect = await insertWelcome(world)
  const late = await insertWelcome(world, new Date(Date.now() + 3_600_000))
  await world.database.sql`update outbox set starts = 2 where id = ${suspect.id}`
  const worker = await startWorkerPod(t, world)
  const claimed = (id: string) =>
    until('it to be in hand', async () =>
      (await outboxRows(world)).some((row) => row.id === id && row.claimed_until !== null),
    )
  await claimed(bystander.id)
  await claimed(suspect.id)
  await until('the first mail', () => smtp.stalled() === 1)
  smtp.setMode('stall')
  smtp.release()
  await until('the suspect to have its turn', () => smtp.mails.length === 1 && smtp.stalled() === 1)
  await world.database.sql`update outbox set due_at = now() where id = ${late.id}`
  await claimed(late.id)
  t.equal(smtp.stalled(), 1, 'nothing begins beside it')
  smtp.setMode('accept')
  smtp.release()
  const rows = await untilOutboxClosed(world)
  t.ok(rows.every(({ failure }) => failure === null))
  t.equal(smtp.mails.length, 3)
  t.notOk(worker.log.some(({ level }) => Number(level) >= 40))
})
