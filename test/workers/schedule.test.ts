import t from 'tap'
import { v7 as uuidv7 } from 'uuid'
import { createWorld, startWorkerPod, type World } from '../support/app.js'
import { insertUser } from '../support/outbox.js'
import { createPrivateRedis } from '../support/redis.js'
import { until } from '../support/until.js'

/** How many rows of this test each has to clear away. */
const CHORES = {
  'outbox.prune': 0,
  'audit.prune': 1,
  'job-runs.prune': 1,
  'sessions.prune': 1,
  'one-time-tokens.prune': 1,
  'idempotency-keys.prune': 1,
  'uploads.sweep': 0,
  'uploads.sweep-files': 0,
  'webhook-deliveries.end-unsent': 1,
  'webhook-messages.prune': 1,
  'realtime-events.prune': 1,
}

const runsOf = ({ sql }: World['database']) =>
  sql<Run[]>`select name, token::int, holder, rows, finished_at, failure from job_runs order by started_at`

interface Run {
  readonly name: string
  readonly token: number
  readonly holder: string
  readonly rows: number
  readonly finished_at: Date | null
  readonly failure: string | null
}

t.test('old sessions, tokens and audit entries are cleared away, and young ones are not', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { id: userId } = await insertUser(world)
  const [oldSession, session, oldEntry, entry] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()]
  const [oldToken, token] = [Buffer.from('old'), Buffer.from('young')]
  await sql`insert into sessions (id, user_id, refresh_token_hash, expires_at) values
    (${oldSession}, ${userId}, 'old', now() - interval '8 days'),
    (${session}, ${userId}, 'young', now() - interval '6 days')`
  await sql`insert into one_time_tokens (token_hash, user_id, purpose, expires_at) values
    (${oldToken}, ${userId}, 'verify_email', now() - interval '1 second'),
    (${token}, ${userId}, 'verify_email', now() + interval '1 hour')`
  await sql`insert into audit_log (id, action, created_at) values
    (${oldEntry}, 'login.failed', now() - interval '366 days'),
    (${entry}, 'login.failed', now() - interval '364 days')`

  await sql`insert into job_runs (name, token, holder, started_at, finished_at)
    values ('audit.prune', 0, 'somebody', now() - interval '31 days', now())`

  await sql`insert into idempotency_keys (user_id, route, key, fingerprint, status, headers, body, created_at) values
    (${userId}, 'POST /v1/orders', 'old', 'x', 201, '{}', '', now() - interval '25 hours'),
    (${userId}, 'POST /v1/orders', 'young', 'x', 201, '{}', '', now() - interval '23 hours')`

  // Their ids tell when they were made.
  const [oldMessage, message] = [31, 29].map((days) => uuidv7({ msecs: Date.now() - days * 86_400_000 }))
  for (const id of [oldMessage, message]) {
    await sql`insert into webhook_messages (id, user_id, event_id, type, body)
      values (${id ?? ''}, ${userId}, ${id ?? ''}, 'order.placed', '{}')`
    await sql`insert into webhook_deliveries (id, message_id, endpoint_id)
      values (${uuidv7()}, ${id ?? ''}, ${uuidv7()})`
  }

  await sql`insert into realtime_streams (user_id, last_number) values (${userId}, 2)`
  await sql`insert into realtime_events (user_id, number, key, type, data, occurred_at, created_at) values
    (${userId}, 1, 'old', 'order.placed', '{}', now(), now() - interval '26 hours'),
    (${userId}, 2, 'young', 'order.placed', '{}', now(), now() - interval '24 hours')`

  // What an operator put away is not sent; what he may still send again, and what is younger, waits.
  const jobs = { discarded: [2, 'discarded'], dead: [2, 'dead'], recent: [0, 'discarded'] } as const
  const deliveries: Record<string, string> = {}
  for (const [name, [hours, state]] of Object.entries(jobs)) {
    const id = uuidv7()
    deliveries[name] = id
    await sql`insert into webhook_deliveries (id, message_id, endpoint_id, next_attempt_at)
      values (${id}, ${message ?? ''}, ${uuidv7()}, now() - make_interval(hours => ${hours}))`
    await sql`insert into outbox (id, queue, name, version, key, payload, failure, closed_at, discarded_at)
      values (${uuidv7()}, 'webhooks', 'deliver-webhook', 1, ${`deliver-webhook-${id}-1`}, '{}', 'a fault', now(),
        case when ${state} = 'discarded' then now() end)`
  }

  const { log } = await startWorkerPod(t, world)
  const isOver = (name: string, runs: readonly Run[]) =>
    runs.some((run) => run.name === name && run.token > 0 && run.finished_at !== null)
  const runs = await until('the round', async () => {
    const all = await runsOf(world.database)
    return Object.keys(CHORES).every((name) => isOver(name, all)) && all
  })
  const ofChores = runs.filter(({ name }) => name in CHORES)
  t.strictSame(
    Object.fromEntries(ofChores.map(({ name, rows }) => [name, rows])),
    CHORES,
    'each run is recorded with what it did',
  )
  t.ok(ofChores.every(({ holder, failure }) => holder.endsWith(`:${process.pid}`) && failure === null))
  t.strictSame([...(await sql`select id from sessions`)], [{ id: session }])
  t.strictSame([...(await sql`select token_hash from one_time_tokens`)], [{ token_hash: token }])
  t.strictSame([...(await sql`select id from audit_log`)], [{ id: entry }])
  t.strictSame([...(await sql`select key from idempotency_keys`)], [{ key: 'young' }])
  t.strictSame([...(await sql`select id from webhook_messages`)], [{ id: message }])
  t.strictSame([...(await sql`select key from realtime_events`)], [{ key: 'young' }])
  const kept = await sql`select distinct message_id from webhook_deliveries`
  t.strictSame([...kept], [{ message_id: message }])
  const ended = await sql`select id, failure, next_attempt_at from webhook_deliveries where status = 'failed'`
  const unsent = { id: deliveries['discarded'], failure: 'not_sent', next_attempt_at: null }
  t.strictSame([...ended], [unsent])
  const line = await until('the log', () => log.find(({ job }) => job === 'audit.prune'))
  t.match(line, { msg: 'scheduled job done', rows: 1, token: 1, ms: Number })
})

t.test('three pods do each job once in its interval', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  await Promise.all([startWorkerPod(t, world), startWorkerPod(t, world), startWorkerPod(t, world)])
  const countRuns = async () => {
    const runs = await runsOf(world.database)
    const finished = runs.filter(({ finished_at }) => finished_at !== null)
    return Object.keys(CHORES).map((name) => finished.filter((run) => run.name === name).length)
  }
  const once = Object.keys(CHORES).map(() => 1)
  await until('the first round', async () => (await countRuns()).every((count) => count === 1))
  await sql`update job_runs set started_at = started_at - interval '10 minutes' where name = 'audit.prune'`
  await until('the second run', async () => (await countRuns())[1] === 2)
  t.strictSame(await countRuns(), [once[0], 2, ...once.slice(2)], 'and nothing else again')
})

t.test('a run that fails is recorded with its reason and comes again', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  await sql`alter table audit_log rename to hidden`
  const { log } = await startWorkerPod(t, world)
  const [run] = await until('the failure', async () => {
    const runs = await runsOf(world.database)
    return runs.some(({ failure }) => failure !== null) && runs.filter(({ failure }) => failure !== null)
  })
  t.match(run, {
    name: 'audit.prune',
    rows: 0,
    failure: /^relation "audit_log" does not exist.*Failed query: .*"audit_log"/,
    finished_at: Date,
  })
  await until('the log', () =>
    log.some(({ msg, job }) => msg === 'scheduled job failed' && job === 'audit.prune'),
  )

  await t.test('and is told of with the age of the last that did not fail', async (t) => {
    const port = log.find(({ msg }) => msg === 'metrics and health are served')?.['port']
    const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const ageIn = (text: string) =>
      Number(/^unnest_schedule_success_age_seconds\{job_name="audit.prune"\} ([\d.]+)$/m.exec(text)?.[1])
    const text = await until('another job to be done', async () => {
      const seen = await metrics()
      return seen.includes('unnest_schedule_runs_total{job_name="orders.expire",outcome="done"} 1') && seen
    })
    t.match(text, 'unnest_schedule_runs_total{job_name="audit.prune",outcome="failed"} 1')
    t.match(
      text,
      'unnest_schedule_runs_total{job_name="audit.prune",outcome="done"} 0',
      'also what was none yet',
    )
    t.match(text, 'unnest_schedule_interval_seconds{job_name="audit.prune"} 600')
    t.match(text, /^unnest_schedule_success_age_seconds\{job_name="orders.expire"\} [\d.]+$/m)
    await sql`update job_runs set started_at = now() - interval '2 hours' where name = 'audit.prune'`
    const isAbout = (age: number, seconds: number, what: string) =>
      t.ok(age >= seconds && age < seconds + 60, `${age} s: ${what}`)
    isAbout(ageIn(await metrics()), 7_200, 'of one that never succeeded since its first run')
    await sql`insert into job_runs (name, token, holder, started_at, finished_at)
      values ('audit.prune', 0, 'somebody', now() - interval '3 hours', now() - interval '1 hour')`
    isAbout(ageIn(await metrics()), 3_600, 'else since its last success')
  })
})

t.test('a batch that takes too long says so, and stays due', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  await sql`insert into audit_log (id, action, created_at) values (${uuidv7()}, 'login.failed', now() - interval '366 days')`
  await sql`create function dawdle() returns trigger language plpgsql as $$
    begin perform pg_sleep(4); return old; end $$`
  await sql`create trigger dawdle before delete on audit_log for each row execute function dawdle()`
  await startWorkerPod(t, world)
  const audits = async () => (await runsOf(world.database)).filter(({ name }) => name === 'audit.prune')
  const slow = await until('the reason', async () => (await audits()).find(({ failure }) => failure !== null))
  // Postgres ends the connection with the transaction.
  t.match(slow, { failure: /timeout|CONNECTION_CLOSED/, finished_at: null, rows: 0 })
  await sql`drop trigger dawdle on audit_log`
  const done = await until('the job to be done', async () =>
    (await audits()).find(({ finished_at }) => finished_at !== null),
  )
  t.match(done, { failure: null, rows: 1 })
})

t.test('what is due while Redis is away is done when it is back', async (t) => {
  const redis = await createPrivateRedis(t)
  const world = await createWorld(t, { REDIS_URL: redis.url })
  const { sql } = world.database
  const { log } = await startWorkerPod(t, world)
  await until('the worker to notice', () =>
    log.some(({ msg, job }) => msg === 'scheduled job failed' && job !== undefined),
  )
  t.strictSame([...(await runsOf(world.database))], [], 'nothing has run')
  const complaints = log.filter(({ msg, level }) => msg === 'scheduled job failed' && Number(level) >= 40)
  t.equal(complaints.length, 1, 'of all jobs one complains')
  await redis.start()
  await until('the jobs', async () => {
    const done = await sql`select from job_runs where finished_at is not null and failure is null`
    return done.length === Object.keys(CHORES).length + 1
  })
})
