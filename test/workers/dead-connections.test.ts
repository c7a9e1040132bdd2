import t from 'tap'
import { createWorld, startWorkerPod } from '../support/app.js'
import { insertWelcome, outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { startProcess } from '../support/process.js'
import { startProxy } from '../support/proxy.js'
import { until } from '../support/until.js'

t.jobs = 2
/** Each waits for time-outs, and need not for the other. */
const SIDE_BY_SIDE = { buffered: true }
/** What the watchdog gives a full pool, and as much again for a busy machine. */
const NOTICE_LIMIT_MS = 30_000
/** What a silent connection gets, twice one after the other. */
const REPLACED_LIMIT_MS = 60_000

t.test(
  'a worker whose connections are dead while the server is not ends, to be replaced',
  SIDE_BY_SIDE,
  async (t) => {
    const world = await createWorld(t)
    const url = new URL(world.database.url)
    const proxy = await startProxy(t, url)
    url.port = String(proxy.port)
    // So few that the schedule alone has opened all of them.
    const small = { DATABASE_POOL_MAX: '2', WORKER_STUCK_AFTER_MS: '1000' }
    const env = { ...world.env, ...small, DATABASE_URL: url.href }
    const worker = await startProcess(t, 'worker.js', env)
    await insertWelcome(world)
    await untilOutboxClosed(world)

    proxy.forget()
    await insertWelcome(world)
    const line = await until(
      'the watchdog',
      () => worker.log.find(({ msg }) => msg === 'work waits and none completes'),
      NOTICE_LIMIT_MS,
    )
    t.match(line, { level: 60, alert: 'worker_stuck', stuck: 'database pool' })
    t.equal(await worker.exit, 1)
    t.match(await outboxRows(world), [{}, { closed_at: null }])
    const next = await startProcess(t, 'worker.js', env)
    await next.untilLogged('job done')
    t.match(await untilOutboxClosed(world), [{ failure: null }, { failure: null }])
  },
)

t.test('connections to the queue that are dead are given up for new ones', SIDE_BY_SIDE, async (t) => {
  const world = await createWorld(t)
  const proxy = await startProxy(t, new URL(world.env['REDIS_URL'] ?? ''))
  const QUEUE_REDIS_URL = `redis://127.0.0.1:${proxy.port}`
  await startWorkerPod(t, { ...world, env: { ...world.env, QUEUE_REDIS_URL } })
  await insertWelcome(world)
  await untilOutboxClosed(world)
  proxy.forget()
  await insertWelcome(world)
  t.match(await untilOutboxClosed(world, REPLACED_LIMIT_MS), [{ failure: null }, { failure: null }])
})
