import { rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { createWorld, startWorkerPod } from '../support/app.js'
import { mailFiles } from '../support/mail.js'
import { insertJob, insertUser, insertWelcome, outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { startProcess } from '../support/process.js'
import { startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

const NOBODY = '00000000-0000-7000-8000-000000000000'
const ERROR = 50
const WARNING = 40

const linesOf = (log: Record<string, unknown>[], jobId: string, level: number) =>
  log.filter((line) => line['jobId'] === jobId && line['level'] === level)

t.test('a job that can never succeed becomes a dead letter at its first try', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const worker = await startWorkerPod(t, world)
  const broken = await insertJob(world, { payload: { userId: 'ada' } })
  const { id: userId } = await insertUser(world)
  const unordered = await insertJob(world, {
    name: 'send-order-confirmation',
    payload: { orderId: NOBODY, userId },
  })
  const good = await insertWelcome(world)

  const rows = await untilOutboxClosed(world)
  const failureOf = (id: string) => rows.find((row) => row.id === id)?.failure
  t.match(failureOf(broken), 'userId')
  t.equal(failureOf(unordered), 'There is no such order.')
  t.equal(failureOf(good.id), null, 'the others are not kept from theirs')
  for (const id of [broken, unordered]) {
    t.match(linesOf(worker.log, id, ERROR), [{ msg: 'job failed', attempt: 1 }])
    t.equal(linesOf(worker.log, id, ERROR).length, 1, 'one line for the operator')
    t.equal(linesOf(worker.log, id, WARNING).length, 0)
  }
  t.strictSame(mailFiles(world.mailDir), [`${good.key}.eml`])

  await t.test('also when the worker died before it could write that down', async (t) => {
    await sql`update outbox set closed_at = null, failure = null, due_at = now() where id = ${unordered}`
    const again = await untilOutboxClosed(world)
    t.match(
      again.find(({ id }) => id === unordered),
      { failure: 'There is no such order.', handovers: 2 },
    )
  })
})

t.test('a job that fails for the moment is tried again until it succeeds', async (t) => {
  await t.test('with a mail server that refuses', async (t) => {
    const smtp = await startSmtp(t, 'refuse')
    const world = await createWorld(t, { SMTP_URL: smtp.url })
    const worker = await startWorkerPod(t, world)
    const job = await insertWelcome(world)
    await until('a refusal', () => smtp.refused() > 0)
    smtp.setMode('accept')
    t.match(await untilOutboxClosed(world), [{ failure: null, handovers: 1 }])
    t.equal(smtp.mails.length, 1)
    t.match(linesOf(worker.log, job.id, WARNING), [{ msg: 'job will be retried', attempt: 1 }])
    t.equal(linesOf(worker.log, job.id, ERROR).length, 0)
  })

  await t.test('with a mail folder that cannot be written', async (t) => {
    const world = await createWorld(t)
    writeFileSync(world.mailDir, 'a file is in its place')
    const worker = await startWorkerPod(t, world)
    const job = await insertWelcome(world)
    await until('a failed try', () => linesOf(worker.log, job.id, WARNING).length > 0)
    rmSync(world.mailDir)
    t.match(await untilOutboxClosed(world), [{ failure: null }])
    t.strictSame(mailFiles(world.mailDir), [`${job.key}.eml`])
  })
})

t.test('what a newer pod wrote stays open and keeps nobody waiting', async (t) => {
  const world = await createWorld(t)
  const worker = await startWorkerPod(t, world)
  const unknown = await insertJob(world, { name: 'send-parcel', payload: {} })
  const newer = await insertJob(world, { version: 3, payload: { recipient: 'ada@example.com' } })
  const good = await insertWelcome(world)
  const rowOf = async (id: string) => (await outboxRows(world)).find((row) => row.id === id)
  await until('the known job', async () => (await rowOf(good.id))?.closed_at !== null)
  for (const id of [unknown, newer]) {
    await until('it to be left', () =>
      worker.log.find(({ jobId, msg }) => jobId === id && msg === 'job left to a newer worker'),
    )
    t.match(await rowOf(id), { closed_at: null, failure: null, attempts: 0, round: 2, handed_over_at: null })
    t.type((await rowOf(id))?.parked_at, Date)
  }
  const [later] = await world.database.sql`
    select bool_and(due_at > now()) as later from outbox where closed_at is null`
  t.equal(later?.['later'], true, 'they come again, but not at once')
})

t.test('what is long done is deleted, dead letters and open jobs are not', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const close = async (daysAgo: number, failure: string | null) => {
    const id = await insertJob(world, { name: 'send-parcel', payload: {} })
    await sql`update outbox set failure = ${failure}, closed_at = now() - make_interval(days => ${daysAgo})
      where id = ${id}`
    return id
  }
  const old = await close(8, null)
  const young = await close(6, null)
  const dead = await close(30, 'It could not be done.')
  const open = await insertJob(world, { name: 'send-parcel', payload: {} })
  const worker = await startWorkerPod(t, world)
  const line = await until('the chore', () =>
    worker.log.find(({ msg, job }) => msg === 'scheduled job done' && job === 'outbox.prune'),
  )
  t.equal(line['rows'], 1)
  const left = (await outboxRows(world)).map(({ id }) => id)
  t.strictSame(left.sort(), [young, dead, open].sort(), `not ${old}`)
})

t.test('a queue that does not exist stops the boot', async (t) => {
  const world = await createWorld(t, { WORKER_QUEUES: 'mail, parcels' })
  const worker = await startProcess(t, 'worker.js', world.env)
  t.equal(await worker.exit, 1)
  t.equal(
    worker.stderr(),
    'The environment is not valid:\n  WORKER_QUEUES: there is no queue parcels, only mail, events, uploads, webhooks\n',
  )
})
