import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { registerUser, unique } from '../support/factories.js'
import { insertJob, insertWelcome, outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { startProxy } from '../support/proxy.js'
import { until } from '../support/until.js'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'

const portOf = (log: Record<string, unknown>[]) =>
  log.find(({ msg }) => msg === 'metrics and health are served')?.['port']

t.test('a worker shows its health and its metrics on a port of its own', async (t) => {
  const world = await createWorld(t)
  const proxy = await startProxy(t, new URL(world.env['REDIS_URL'] ?? ''))
  const env = { ...world.env, QUEUE_REDIS_URL: `redis://127.0.0.1:${proxy.port}` }
  const worker = await startWorkerPod(t, { ...world, env })
  const url = `http://127.0.0.1:${portOf(worker.log)}`
  const statusOf = async (path: string, method = 'GET') => (await fetch(`${url}${path}`, { method })).status
  const metrics = async () => (await fetch(`${url}/metrics`)).text()

  await t.test('alive and ready', async (t) => {
    t.equal(await statusOf('/livez'), 200)
    t.equal(await statusOf('/readyz'), 200)
    t.equal(await statusOf('/'), 404)
    t.equal(await statusOf('/metrics', 'DELETE'), 405)
  })

  await t.test('what it did, what waits and how old it is', async (t) => {
    await insertWelcome(world)
    await insertJob(world, { payload: { nobody: 'knows' } })
    await untilOutboxClosed(world)
    const late = await insertWelcome(world, new Date(Date.now() + 3_600_000))
    await world.database.sql`update outbox set created_at = now() - interval '1 hour' where id = ${late.id}`
    const text = await until('both to be counted', async () => {
      const seen = await metrics()
      return seen.includes('outcome="bury"} 1') && seen
    })
    t.match(text, 'unnest_job_tries_total{queue="mail",job_name="send-welcome",outcome="done"} 1')
    t.match(text, 'unnest_job_try_seconds_count{queue="mail",job_name="send-welcome"} 2')
    t.match(text, 'unnest_dead_letters_total{job_name="send-welcome",why="permanent"} 1')
    t.match(text, 'unnest_outbox_rows{queue="mail",state="delayed"} 1')
    t.match(text, 'unnest_outbox_rows{queue="mail",state="failed"} 1')
    t.match(text, 'unnest_outbox_oldest_open_seconds{queue="events"} 0')
    const [, age] = /unnest_outbox_oldest_open_seconds\{queue="mail"\} (\d+)/.exec(text) ?? []
    t.ok(Number(age) >= 3_600 && Number(age) < 3_700, `${age} s`)
    t.match(text, 'unnest_outbox_overdue_seconds{queue="mail"} 0', 'what is to come later is not overdue')
    t.match(text, 'process_resident_memory_bytes ')
  })

  await t.test('without its queue it lives and is not ready', async (t) => {
    await proxy.cut()
    await until('readiness to go', async () => (await statusOf('/readyz')) === 503)
    t.equal(await statusOf('/livez'), 200)
    await proxy.mend()
    await until('readiness to come back', async () => (await statusOf('/readyz')) === 200)
  })

  await worker.stop()
  await t.rejects(fetch(`${url}/livez`), 'the port is free')
})

t.test(
  'a job belongs to the trace of the request that caused it, and what it causes does so too',
  async (t) => {
    const world = await createWorld(t)
    const pod = await startPod(t, world)
    const worker = await startWorkerPod(t, world)
    const headers = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` }
    const body = { email: `${unique('ada')}@example.com`, password: unique('Quite-a-secret'), name: 'Ada' }
    t.equal((await pod.call('POST', '/v1/auth/register', { body, headers })).status, 201)
    await registerUser(pod.call)
    const [mine, other] = await untilOutboxClosed(world)
    t.match(mine?.traceparent, new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`))
    t.notMatch(mine?.traceparent, 'b7ad6b7169203331', 'the span is ours')
    t.match(other?.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/, 'one without begins a trace')
    t.notMatch(other?.traceparent, TRACE_ID)
    t.match(
      pod.log.find(({ traceId }) => traceId === TRACE_ID),
      { msg: 'request', status: 201 },
    )
    await until('the job to be logged', () => worker.log.find(({ traceId }) => traceId === TRACE_ID))

    await t.test('a malformed one is replaced', async (t) => {
      const bad = { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }
      const again = { ...body, email: `${unique('ada')}@example.com` }
      t.equal((await pod.call('POST', '/v1/auth/register', { body: again, headers: bad })).status, 201)
      const last = (await outboxRows(world)).at(-1)
      t.notMatch(last?.traceparent, '0'.repeat(32))
    })
  },
)
