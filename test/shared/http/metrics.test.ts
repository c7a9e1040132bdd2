import t from 'tap'
import { createWorld, type Pod, startPod } from '../../support/app.js'
import { createProduct, registerAdmin } from '../../support/factories.js'
import { startProcess, startServer } from '../../support/process.js'
import { startProxy, through } from '../../support/proxy.js'
import { until } from '../../support/until.js'

const portIn = (log: readonly Record<string, unknown>[]): number =>
  Number(log.find(({ msg }) => msg === 'metrics and health are served')?.['port'])

t.test('a pod shows its metrics on a port of their own', async (t) => {
  const world = await createWorld(t)
  const { DATABASE_URL = '', REDIS_URL = '' } = world.env
  const [postgres, redis] = [
    await startProxy(t, new URL(DATABASE_URL)),
    await startProxy(t, new URL(REDIS_URL)),
  ]
  const env = {
    ...world.env,
    DATABASE_URL: through(DATABASE_URL, postgres),
    REDIS_URL: through(REDIS_URL, redis),
  }
  const pod = await startPod(t, { ...world, env })
  const { call } = pod
  const urlOf = ({ log }: Pick<Pod, 'log'>) => `http://127.0.0.1:${portIn(log)}`
  const url = urlOf(pod)
  const metrics = async (of: Pick<Pod, 'log'> = pod) => (await fetch(`${urlOf(of)}/metrics`)).text()
  const { id } = await createProduct(call, await registerAdmin(call, world))

  await t.test('requests by route, method and class of status', async (t) => {
    for (const path of ['/v1/nowhere/at/all', '/v1/nowhere', '/v1/products/not-an-id'])
      await call('GET', path)
    await fetch(`${pod.url}/v1/products`, { method: 'PROPFIND' })
    const text = await metrics()
    t.match(text, 'unnest_http_request_seconds_count{route="/v1/products",method="POST",status="2xx"} 1')
    t.match(text, 'unnest_http_request_seconds_count{route="/v1/products/:id",method="GET",status="4xx"} 1')
    t.match(text, 'unnest_http_request_seconds_count{route="none",method="GET",status="4xx"} 2')
    t.notMatch(text, /nowhere|PROPFIND|not-an-id/, 'nothing that a client makes up')
  })

  await t.test('what came from the cache', async (t) => {
    for (const _time of [1, 2, 3]) await call('GET', `/v1/products/${id}`)
    await call('HEAD', `/v1/products/${id}`)
    const text = await metrics()
    t.match(text, 'unnest_cache_requests_total{route="/v1/products/:id",outcome="miss"} 1')
    t.match(text, 'unnest_cache_requests_total{route="/v1/products/:id",outcome="hit"} 2')
    t.match(text, 'unnest_cache_requests_total{route="/v1/products/:id",outcome="bypass"} 1')
    t.match(text, /unnest_cache_invalidations_total\{outcome="told"\} [1-9]/)
    t.match(text, 'unnest_cache_circuit_open 0')
    t.match(text, 'unnest_cache_has_room 1')
  })

  await t.test('the process and its database', async (t) => {
    const text = await metrics()
    for (const name of ['process_cpu_user_seconds_total', 'nodejs_eventloop_lag_p99_seconds'])
      t.match(text, new RegExp(`^${name} [\\d.e-]+$`, 'm'))
    t.match(text, 'unnest_database_pool_max 5')
    for (const name of ['pool_used', 'pool_waiting', 'pool_wait_seconds'])
      t.match(text, new RegExp(`^unnest_database_${name} \\d`, 'm'))
    t.match(text, /^unnest_database_answer_seconds 0\.\d+$/m)
  })

  await t.test('health too; and the public port has no metrics', async (t) => {
    for (const path of ['/livez', '/readyz']) t.equal((await fetch(`${url}${path}`)).status, 200, path)
    t.equal((await call('GET', '/metrics')).status, 404)
  })

  await t.test('a cache that is away, though nobody asks for anything', async (t) => {
    const tells = async (value: 0 | 1, of: Pick<Pod, 'log'>) =>
      new RegExp(`^unnest_cache_circuit_open ${value}$`, 'm').test(await metrics(of))
    await redis.cut()
    await until('the pod to tell', () => tells(1, pod))
    const late = await startPod(t, { ...world, env })
    t.ok(await tells(1, late), 'so does one that was started without it')
    await redis.mend()
    for (const each of [pod, late]) await until('it to be back', () => tells(0, each))
  })

  await t.test('a Postgres that refuses connections gives no quick answer', async (t) => {
    await postgres.cut()
    t.match(await metrics(), /^unnest_database_answer_seconds 3$/m)
  })
})

t.test('the port is given back at the end, and a taken one is one line', async (t) => {
  const world = await createWorld(t)
  const server = await startServer(t, world.env)
  const port = portIn(server.log)
  const other = await startProcess(t, 'server.js', { ...world.env, METRICS_PORT: String(port) })
  t.equal(await other.exit, 1)
  t.equal(other.stderr(), `Port ${port} on 127.0.0.1 is taken.\n`)
  server.kill('SIGTERM')
  t.equal(await server.exit, 0)
  await t.rejects(fetch(`http://127.0.0.1:${port}/livez`))
})
