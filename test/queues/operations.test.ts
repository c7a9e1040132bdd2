import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { auditOf } from '../support/audit.js'
import { insertDeadLetter, jobRecord } from '../support/dead-letters.js'
import { registerAdmin } from '../support/factories.js'
import { insertJob } from '../support/outbox.js'
import { isProblem } from '../support/problem.js'
import { until } from '../support/until.js'

const world = await createWorld(t)
const { sql } = world.database
const { call } = await startPod(t, world)
const admin = await registerAdmin(call, world)
const operate = (deed: 'requeue' | 'discard', body: object, queue = 'mail') =>
  call('POST', `/v1/admin/queues/${queue}/${deed}`, { token: admin.token, body })
const deeds = async () => {
  const all = await auditOf(world, null)
  return all.filter(({ action, actor_id }) => action.startsWith('jobs.') && actor_id === admin.id)
}

t.test('unless told otherwise nothing happens', async (t) => {
  const id = await insertDeadLetter(world)
  for (const deed of ['requeue', 'discard'] as const) {
    const { status, body } = await operate(deed, { filter: {} })
    t.equal(status, 200)
    t.strictSame(body.data, { dryRun: true, matched: 1, more: false, done: 0, sampleIds: [id] })
  }
  t.match(await jobRecord(world, id), { failure: 'the mail server said no', round: 1, discarded_at: null })
  t.strictSame(await deeds(), [], 'and nothing is recorded')
  await operate('discard', { filter: {}, dryRun: false })
})

t.test('dead letters begin anew, no more in a second than asked for, and the relays are told', async (t) => {
  const ids: string[] = []
  for (let minutes = 9; minutes >= 0; minutes -= 1) ids.push(await insertDeadLetter(world, { minutes }))
  const others = [
    await insertDeadLetter(world, { name: 'send-password-changed' }),
    await insertDeadLetter(world, { queue: 'events' }),
    await insertJob(world, { payload: {} }),
  ]
  let notified = 0
  const { unlisten } = await sql.listen('outbox', () => {
    notified += 1
  })
  const body = { filter: { name: 'send-welcome' }, dryRun: false, perSecond: 2 }
  const answer = await operate('requeue', body)
  t.match(answer.body.data, { dryRun: false, matched: 10, more: false, done: 10, sampleIds: ids })
  await until('the notice', () => notified > 0)
  await unlisten()
  const rows = await Promise.all(ids.map((id) => jobRecord(world, id)))
  for (const [index, row] of rows.entries()) {
    t.match(row, { failure: null, closed_at: null, handed_over_at: null, attempts: 0, starts: 0, round: 2 })
    t.ok(Math.abs(row.due_in - index / 2) < 5, `the ${index}th is due in ${row.due_in} s`)
  }
  const gaps = rows.slice(1).map((row, index) => Math.round((row.due_in - (rows[index]?.due_in ?? 0)) * 10))
  t.ok(
    gaps.every((gap) => gap >= 4 && gap <= 6),
    `half a second apart: ${gaps}`,
  )
  for (const id of others) t.equal((await jobRecord(world, id)).round, 1, 'others are let be')
  t.match((await operate('requeue', body)).body.data, { matched: 0, done: 0 }, 'once')
  t.match((await deeds()).at(-1), {
    action: 'jobs.requeued',
    session_id: String,
    address: '127.0.0.1',
    details: { queue: 'mail', name: 'send-welcome', ids: null, matched: 10, done: 10, perSecond: 2 },
  })
})

t.test('what is done with is put away, by id or by time', async (t) => {
  const [old, young, byId] = [
    await insertDeadLetter(world, { queue: 'images', minutes: 60 }),
    await insertDeadLetter(world, { queue: 'images' }),
    await insertDeadLetter(world, { queue: 'images' }),
  ]
  const failedBefore = new Date(Date.now() - 30 * 60_000).toISOString()
  const discard = (filter: object) => operate('discard', { filter, dryRun: false }, 'images')
  t.match((await discard({ failedBefore })).body.data, { done: 1, sampleIds: [old] })
  t.match((await discard({ ids: [byId] })).body.data, { done: 1, sampleIds: [byId] })
  t.match((await deeds()).at(-1), { action: 'jobs.discarded', details: { ids: 1, id: byId, done: 1 } })
  const { body } = await call('GET', '/v1/admin/queues/images/failed', { token: admin.token })
  t.strictSame(
    body.data.map(({ id }: { id: string }) => id),
    [young],
  )
  const job = await call('GET', `/v1/admin/queues/images/jobs/${old}`, { token: admin.token })
  t.match(job.body.data, { state: 'discarded', reason: 'the mail server said no' })
  t.match((await operate('requeue', { filter: {}, dryRun: false }, 'images')).body.data, { done: 1 })
  t.match(await jobRecord(world, old), { round: 1 }, 'what is put away is not sent again')
})

t.test('one call does ten thousand, and says that there are more', async (t) => {
  await sql`insert into outbox (id, queue, name, version, key, payload, failure, closed_at)
    select gen_random_uuid(), 'bulk', 'bulk', 1, 'bulk-' || n, '{}', 'no', now() - make_interval(secs => n)
    from generate_series(1, 10005) n`
  const requeue = () => operate('requeue', { filter: {}, dryRun: false, perSecond: 1_000 }, 'bulk')
  t.match((await requeue()).body.data, { matched: 10_000, more: true, done: 10_000 })
  t.match((await requeue()).body.data, { matched: 5, more: false, done: 5 })
})

t.test('two admins at the same time send nothing twice', async (t) => {
  await sql`insert into outbox (id, queue, name, version, key, payload, failure, closed_at)
    select gen_random_uuid(), 'twice', 'twice', 1, 'twice-' || n, '{}', 'no', now() from generate_series(1, 200) n`
  const requeue = () => operate('requeue', { filter: {}, dryRun: false }, 'twice')
  const answers = await Promise.all([requeue(), requeue(), requeue()])
  const done = answers.reduce((total, { body }) => total + body.data.done, 0)
  const [row] = await sql`select max(round) as most, min(round) as least from outbox where queue = 'twice'`
  t.equal(done, 200)
  t.match(row, { most: 2, least: 2 })
})

t.test('a filter that nobody understands is refused', async (t) => {
  const bad = [
    {},
    { filter: { nonsense: true } },
    { filter: { ids: [] } },
    { filter: { ids: ['1'] } },
    { filter: { failedAfter: 'yesterday' } },
    { filter: {}, dryRun: 'no' },
    { filter: {}, perSecond: 0 },
  ]
  for (const body of bad)
    isProblem(t, await operate('requeue', body), { status: 400, code: 'validation_failed' })
  isProblem(t, await operate('discard', { filter: {}, perSecond: 5 }), {
    status: 400,
    code: 'validation_failed',
  })
})

t.test('a queue that does not exist is no queue without dead letters', async (t) => {
  t.match((await operate('requeue', { filter: {} }, 'webhooks')).body.data, { matched: 0 })
  for (const deed of ['requeue', 'discard'] as const)
    isProblem(t, await operate(deed, { filter: {} }, 'mails'), { status: 404, code: 'queue_not_found' })
})

t.test('more than thirty in a minute are refused', async (t) => {
  const other = await registerAdmin(call, world)
  const dryRun = () =>
    call('POST', '/v1/admin/queues/mail/requeue', { token: other.token, body: { filter: {} } })
  const answers = await Promise.all(Array.from({ length: 31 }, dryRun))
  t.equal(answers.filter(({ status }) => status === 200).length, 30)
  const refused = answers.find(({ status }) => status !== 200)
  if (refused) isProblem(t, refused, { status: 429, code: 'too_many_requests' })
})
