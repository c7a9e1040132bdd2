import t from 'tap'
import { createWorld, startPod, startWorkerPod } from './support/app.js'
import { startProcess } from './support/process.js'
import { startProxy } from './support/proxy.js'
import { until } from './support/until.js'

const TOO_MANY = { EXPECTED_PODS: '900', EXPECTED_WORKERS: '4', DATABASE_WORKER_POOL_MAX: '7' }
/** With a pool of 5 a pod. */
const SUM =
  /EXPECTED_PODS 900 x 5 \+ EXPECTED_WORKERS 4 x \(7 \+ 2\) \+ 2 for a migration = 4538 connections, of \d+/

t.test('connections', async (t) => {
  const world = await createWorld(t)

  await t.test('a fleet that asks for more connections than there are does not start', async (t) => {
    for (const script of ['server.js', 'worker.js'] as const) {
      const started = await startProcess(t, script, { ...world.env, ...TOO_MANY })
      t.equal(await started.exit, 1, script)
      t.match(started.stderr(), SUM, script)
      t.equal(started.stderr().trim().split('\n').length, 2, 'one fault')
    }
  })

  await t.test('a limit that is given counts where the server has no lower one', async (t) => {
    const few = { EXPECTED_PODS: '1', EXPECTED_WORKERS: '1', DATABASE_WORKER_POOL_MAX: '1' }
    const limited = { ...world, env: { ...world.env, ...few, DATABASE_CONNECTION_LIMIT: '10' } }
    const { call } = await startPod(t, limited)
    t.equal((await call('GET', '/readyz')).status, 200)
    await startWorkerPod(t, limited)
    const start = (overrides: Record<string, string>) =>
      startPod(t, { ...limited, env: { ...limited.env, ...overrides } })
    await t.rejects(start({ DATABASE_CONNECTION_LIMIT: '9' }), { message: /= 10 connections, of 9 / })
    await t.rejects(start({ ...TOO_MANY, DATABASE_CONNECTION_LIMIT: '4538' }), { message: SUM })
    const away = {
      ...TOO_MANY,
      DATABASE_CONNECTION_LIMIT: '4537',
      DATABASE_URL: 'postgres://x:y@127.0.0.1:1/z',
    }
    await t.rejects(start(away), { message: SUM }, 'also while the server is away')
  })

  await t.test('while Postgres is away a pod starts, and tells of a fault when it is back', async (t) => {
    const url = new URL(world.database.url)
    const proxy = await startProxy(t, url)
    url.port = String(proxy.port)
    await proxy.cut()
    const { call, log } = await startPod(t, {
      ...world,
      env: { ...world.env, ...TOO_MANY, DATABASE_URL: url.href },
    })
    t.equal((await call('GET', '/livez')).status, 200)
    await proxy.mend()
    const line = await until('the alert', () => log.find(({ alert }) => alert === 'connections'))
    t.match(line, { level: 50, faults: [SUM] })
    t.equal((await call('GET', '/readyz')).status, 200, 'it serves')
  })
})
