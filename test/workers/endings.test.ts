import t from 'tap'
import { createWorld, startWorkerPod, type World } from '../support/app.js'
import { insertWelcome, outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { startProxy } from '../support/proxy.js'
import { startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

const LAST_TRY = 8

const takeAway = ({ database: { sql } }: World) => sql`update outbox set claim_id = gen_random_uuid()`

t.test('work that was done and cannot be written down is no failed try', async (t) => {
  const smtp = await startSmtp(t)
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  const { sql } = world.database
  await sql`create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$`
  await sql`create trigger refuse before update on outbox for each row
    when (new.closed_at is not null and new.failure is null) execute function refuse()`
  const { id, key } = await insertWelcome(world, new Date(Date.now() + 3_600_000))
  await sql`update outbox set attempts = ${LAST_TRY}, due_at = now()`
  const { log } = await startWorkerPod(t, world)
  await until('the record to fail', () =>
    log.some(({ msg, jobId }) => msg === 'delivery came to nothing' && jobId === id),
  )
  t.match(
    await outboxRows(world),
    [{ id, closed_at: null, failure: null, attempts: LAST_TRY, round: 1, starts: 1, claimed_until: Date }],
    'it waits for its lease to run out, and is no dead letter',
  )

  await sql`drop trigger refuse on outbox`
  await sql`update outbox set claimed_until = now(), due_at = now()`
  t.match(await untilOutboxClosed(world), [{ failure: null, attempts: LAST_TRY }])
  t.strictSame(
    smtp.mails.map(({ messageId }) => messageId),
    Array.from({ length: 2 }, () => `${key}@unnest.example`),
    'done twice, under one key',
  )
})

t.test('how a try ends is not told of a job that another worker has by then', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const proxy = await startProxy(t, new URL(smtp.url))
  const world = await createWorld(t, { SMTP_URL: `smtp://127.0.0.1:${proxy.port}?tls=none` })
  const { log } = await startWorkerPod(t, world)
  const { id } = await insertWelcome(world)
  await until('the job to be in hand', () => smtp.stalled() === 1)
  await takeAway(world)
  await proxy.cut()
  const line = await until('the end', () =>
    log.find(({ msg }) => msg === 'job ended elsewhere, or another worker has it'),
  )
  t.equal(line['jobId'], id)
  t.notOk(log.some(({ msg }) => msg === 'job will be retried'))
  t.match(await outboxRows(world), [{ round: 1, attempts: 0, last_error: null }])
  const port = log.find(({ msg }) => msg === 'metrics and health are served')?.['port']
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  t.match(metrics, 'unnest_job_tries_total{queue="mail",job_name="send-welcome",outcome="lost"} 1')
  t.notMatch(metrics, 'outcome="retry"')
})

t.test('nor that it was given back', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const world = await createWorld(t, { SMTP_URL: smtp.url, SHUTDOWN_GRACE_MS: '1000' })
  const worker = await startWorkerPod(t, world)
  await insertWelcome(world)
  await until('the job to be in hand', () => smtp.stalled() === 1)
  await takeAway(world)
  await worker.stop()
  t.match(await outboxRows(world), [{ round: 1, starts: 1 }])
  t.notOk(worker.log.some(({ msg }) => msg === 'job given back'))
})
