import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { insertDeadLetter } from '../support/dead-letters.js'
import { registerAdmin } from '../support/factories.js'
import { insertJob } from '../support/outbox.js'
import { isProblem } from '../support/problem.js'

t.test('an admin sees how much waits where, and how fast it goes', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const { token } = await registerAdmin(call, world)
  await sql`delete from outbox`
  const set = async (columns: Record<string, Date | string | null>, name = 'send-welcome') =>
    sql`update outbox set ${sql(columns)} where id = ${await insertJob(world, { name, payload: {} })}`
  const [past, future] = [new Date(Date.now() - 120_000), new Date(Date.now() + 60_000)]
  await set({ created_at: past })
  await set({ due_at: future })
  await set({ due_at: future, handed_over_at: past })
  await set({ due_at: future, handed_over_at: past, claimed_until: future })
  await set({ due_at: future, handed_over_at: past, claimed_until: past })
  await set({ due_at: future, parked_at: past })
  await set({ closed_at: new Date() })
  await set({ closed_at: past })
  await set({ closed_at: new Date() }, 'publish-order-event')
  await set({ closed_at: past, failure: 'no', discarded_at: past })
  await insertDeadLetter(world)

  const { status, body } = await call('GET', '/v1/admin/queues', { token })
  t.equal(status, 200)
  t.match(body, { meta: { nextCursor: null } })
  t.match(body.data, [
    {
      queue: 'events',
      counts: { waiting: 0, failed: 0 },
      oldestOpenSeconds: null,
      recent: { completed: 1, discarded: 0 },
    },
    {
      queue: 'mail',
      counts: { waiting: 1, delayed: 1, queued: 2, active: 1, parked: 1, failed: 1 },
      countsCapped: false,
      recent: { completed: 2, discarded: 1 },
      donePerMinute: { lastMinute: 1, lastFiveMinutes: 0.4 },
      failedPerMinute: { lastMinute: 1, lastFiveMinutes: 0.4 },
    },
  ])
  const age = body.data[1].oldestOpenSeconds
  t.ok(age >= 120 && age < 180, `the oldest waits for ${age} s`)
  t.equal(body.data.length, 2)
})

t.test('an admin reads why jobs failed, and of one what was in it', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const { token } = await registerAdmin(call, world)
  const ids: string[] = []
  for (const minutes of [50, 40, 30, 20, 10]) ids.unshift(await insertDeadLetter(world, { minutes }))
  const other = await insertDeadLetter(world, { minutes: 35, name: 'send-password-changed' })
  await insertDeadLetter(world, { queue: 'events' })
  const list = (query: string) => call('GET', `/v1/admin/queues/mail/failed?${query}`, { token })
  const idsOf = async (query: string) => {
    const { body } = await list(query)
    return body.data.map(({ id }: { id: string }) => id)
  }
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()

  t.strictSame(await idsOf(''), [ids[0], ids[1], ids[2], other, ids[3], ids[4]])
  t.strictSame(await idsOf('name=send-password-changed'), [other])
  t.strictSame(
    await idsOf(`name=send-welcome&failedAfter=${ago(45)}&failedBefore=${ago(15)}`),
    ids.slice(1, 4),
  )
  const { body } = await list('limit=4')
  t.strictSame(await idsOf(`limit=4&cursor=${body.meta.nextCursor}`), ids.slice(3), 'page by page, each once')
  isProblem(t, await list(`name=other&cursor=${body.meta.nextCursor}`), {
    status: 400,
    code: 'validation_failed',
  })
  t.match(body.data[0], { name: 'send-welcome', version: 1, reason: 'the mail server said no', attempts: 8 })
  t.notOk(JSON.stringify(body).includes('ada@example.com'), 'and not who it was for')

  const job = await call('GET', `/v1/admin/queues/mail/jobs/${ids[0]}`, { token })
  t.match(job.body.data, { state: 'failed', queue: 'mail', payload: { to: 'ada@example.com' } })
  const elsewhere = await call('GET', `/v1/admin/queues/events/jobs/${ids[0]}`, { token })
  isProblem(t, elsewhere, { status: 404, code: 'job_not_found' })
  t.strictSame((await call('GET', '/v1/admin/queues/webhooks/failed', { token })).body.data, [])
  for (const path of ['failed', `jobs/${ids[0]}`]) {
    const nowhere = await call('GET', `/v1/admin/queues/mails/${path}`, { token })
    isProblem(t, nowhere, { status: 404, code: 'queue_not_found' })
  }
})

t.test('an admin sees what ran on a schedule, where, and when it comes again', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const { token } = await registerAdmin(call, world)
  await sql`insert into job_runs (name, token, holder, started_at, finished_at, rows, failure, every_seconds)
    select 'orders.expire', n, 'pod:' || n, now() - make_interval(mins => 20 - n), now() - make_interval(mins => 20 - n, secs => -2),
      n, case n when 3 then 'it broke' end, 60 from generate_series(1, 12) n`
  await sql`insert into job_runs (name, token, holder, started_at, every_seconds) values
    ('orders.expire', 13, 'pod:13', now() - interval '3 minutes', 60), ('orders.expire', 14, 'pod:14', now(), 60)`
  await sql`insert into job_runs (name, token, holder, finished_at) values ('audit.prune', 1, 'pod:1', now())`
  const { body } = await call('GET', '/v1/admin/schedule', { token })
  t.match(body.data[0], {
    name: 'audit.prune',
    everySeconds: null,
    nextDueAt: null,
    runs: [{ outcome: 'done' }],
  })
  const [, expire] = body.data
  t.match(expire, { name: 'orders.expire', everySeconds: 60 })
  t.strictSame(
    expire.runs.map(({ holder, outcome }: Record<string, string>) => `${holder} ${outcome}`),
    ['pod:14 running', 'pod:13 abandoned', ...[12, 11, 10, 9, 8, 7, 6, 5].map((n) => `pod:${n} done`)],
  )
  t.match(expire.runs[2], { durationMs: 2_000, rows: 12, failure: null })
  t.equal(
    Date.parse(expire.nextDueAt) - Date.parse(expire.runs[2].startedAt),
    60_000,
    'after the last whole run',
  )
})
