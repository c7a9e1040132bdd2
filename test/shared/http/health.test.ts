import t from 'tap'
import { createWorld, startPod, type World } from '../../support/app.js'
import { isProblem } from '../../support/problem.js'
import { startSilentServer } from '../../support/silent-server.js'

const withEnv = (world: World, env: Record<string, string>): World => ({
  ...world,
  env: { ...world.env, ...env },
})

const CLOSED_PORT = '127.0.0.1:1'

t.test('a healthy pod lives and is ready', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  for (const path of ['/livez', '/readyz']) {
    const { status, body, headers } = await call('GET', path)
    t.equal(status, 200, path)
    t.strictSame(body, { data: { status: 'ok' } }, path)
    t.equal(headers.get('cache-control'), 'no-store', path)
  }
})

t.test('without Redis a pod starts and is ready', async (t) => {
  const world = withEnv(await createWorld(t), { REDIS_URL: `redis://${CLOSED_PORT}` })
  const { call } = await startPod(t, world)
  t.equal((await call('GET', '/livez')).status, 200)
  t.equal((await call('GET', '/readyz')).status, 200)
})

t.test('without Postgres a pod starts and lives, but is not ready', async (t) => {
  const world = withEnv(await createWorld(t), { DATABASE_URL: `postgres://x:y@${CLOSED_PORT}/z` })
  const { call } = await startPod(t, world)
  t.equal((await call('GET', '/livez')).status, 200)
  for (let time = 0; time < 3; time += 1) {
    const begun = performance.now()
    const answer = await call('GET', '/readyz')
    isProblem(t, answer, { status: 503, code: 'unavailable', instance: '/readyz' })
    t.ok(answer.headers.has('retry-after'))
    t.ok(performance.now() - begun < 2_000, 'within two seconds')
  }
})

t.test('a Postgres that says nothing makes a pod unready within two seconds', async (t) => {
  const silent = await startSilentServer(t)
  const world = withEnv(await createWorld(t), { DATABASE_URL: `postgres://x:y@127.0.0.1:${silent.port}/z` })
  const { call } = await startPod(t, world)
  const begun = performance.now()
  t.equal((await call('GET', '/readyz')).status, 503)
  t.ok(performance.now() - begun < 2_000, `after ${Math.round(performance.now() - begun)} ms`)
  silent.stop()
  t.equal((await call('GET', '/v1/products')).status, 503, 'nor when it is gone')
})
