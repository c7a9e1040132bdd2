import type { Queue } from 'bullmq'
import t, { type Test as TapTest } from 'tap'
import { connectDatabase, type Transaction } from '../../src/shared/database/client.js'
import { createJobProducer } from '../../src/shared/queue/producer.js'
import { sendWelcome } from '../../src/users/users.jobs.js'
import { createWorld, startWorkerPod, type World } from '../support/app.js'
import {
  insertUser,
  insertWelcome,
  type OutboxRecord,
  outboxRows,
  untilOutboxClosed,
} from '../support/outbox.js'
import { openQueue } from '../support/queue.js'
import { startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

const openDatabase = (t: TapTest, world: World) => {
  const { database, close } = connectDatabase({
    url: world.database.url,
    poolMax: 2,
    applicationName: 'test',
  })
  t.teardown(close)
  return database
}

/** Delivers a row to the workers, past the relay, as a queue does that forgot that it has done so. */
const deliver = (queue: Queue, { id, round }: Pick<OutboxRecord, 'id' | 'round'>, times: number) =>
  queue.addBulk(
    Array.from({ length: times }, () => ({
      name: 'send-welcome',
      data: { id, round },
      opts: { removeOnComplete: true },
    })),
  )

t.test('a job delivered three times has one effect', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  const worker = await startWorkerPod(t, world)
  const job = await insertWelcome(world)
  const queue = openQueue(t, world, 'mail')
  const turnedAway = () =>
    worker.log.filter(({ msg }) => msg === 'job was done already, or is in hand').length

  await t.test('while it is in hand', async (t) => {
    await until('the first delivery', () => smtp.stalled() === 1)
    await deliver(queue, { id: job.id, round: 1 }, 2)
    await until('the others to be turned away', () => turnedAway() === 2)
    t.equal(smtp.stalled(), 1)
  })

  await t.test('and when it is done', async (t) => {
    smtp.release()
    await untilOutboxClosed(world)
    await deliver(queue, { id: job.id, round: 1 }, 2)
    await until('the others to be turned away', () => turnedAway() === 4)
    t.equal(smtp.mails.length, 1)
    t.match(await outboxRows(world), [{ id: job.id, failure: null, handovers: 1, starts: 1 }])
  })

  await until('the queue to be empty', async () => (await queue.getJobCountByTypes()) === 0)
})

t.test('a handover that is repeated while the job waits adds none', async (t) => {
  const smtp = await startSmtp(t, 'stall')
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  await startWorkerPod(t, world)
  await insertWelcome(world)
  await until('the job to be in hand', () => smtp.stalled() === 1)
  const handedOver = (times: number) =>
    until(`handover ${times}`, async () => (await outboxRows(world))[0]?.handovers === times)
  await handedOver(1)
  await world.database.sql`update outbox set due_at = now()`
  await handedOver(2)
  smtp.release()
  t.match(await untilOutboxClosed(world), [{ failure: null }])
  t.equal(smtp.mails.length, 1)
  t.equal(smtp.stalled(), 0)
})

t.test('what a producer writes belongs to the transaction', async (t) => {
  const world = await createWorld(t)
  const database = openDatabase(t, world)
  const producer = createJobProducer({ tracer: undefined })
  const { id: userId } = await insertUser(world)
  const send = (transaction: Transaction) => producer.send(transaction, sendWelcome, { userId })

  await t.test('rolled back, it leaves no job', async (t) => {
    const rolledBack = database.transaction(async (transaction) => {
      await send(transaction)
      throw new Error('no')
    })
    await t.rejects(rolledBack, { message: 'no' })
    t.strictSame(await outboxRows(world), [])
  })

  await t.test('the same key twice, also in two transactions at once, is one row', async (t) => {
    await database.transaction(async (transaction) => {
      await send(transaction)
      await send(transaction)
    })
    await Promise.all([database.transaction(send), database.transaction(send)])
    t.match(await outboxRows(world), [{ key: `send-welcome-${userId}`, closed_at: null }])
    t.equal((await outboxRows(world)).length, 1)
  })

  await t.test('a payload that breaks the contract is refused before anything is written', async (t) => {
    const broken = database.transaction((transaction) =>
      producer.send(transaction, sendWelcome, { userId: 'nobody' }),
    )
    await t.rejects(broken, { name: 'ZodError' })
    t.equal((await outboxRows(world)).length, 1)
  })
})

t.test('two workers share 200 jobs and send each mail once', async (t) => {
  const smtp = await startSmtp(t)
  const world = await createWorld(t, { SMTP_URL: smtp.url })
  const { sql } = world.database
  await sql`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), 'user' || n || '@example.com', 'Ada', '' from generate_series(1, 200) n`
  const workers = [await startWorkerPod(t, world), await startWorkerPod(t, world)]
  await sql`insert into outbox (id, name, version, key, payload)
    select gen_random_uuid(), 'send-welcome', 1, 'send-welcome-' || id,
      jsonb_build_object('to', email, 'userId', id) from users`
  const rows = await untilOutboxClosed(world, 60_000)
  t.equal(rows.length, 200)
  t.ok(rows.every(({ failure, handovers }) => failure === null && handovers === 1))
  t.strictSame(
    smtp.mails.map(({ messageId }) => messageId).sort(),
    rows.map(({ key }) => `${key}@unnest.example`).sort(),
  )
  const done = workers.map(({ log }) => log.filter(({ msg }) => msg === 'job done').length)
  t.ok(
    done.every((count) => count > 0),
    `each did its part: ${done.join(' and ')}`,
  )
})
