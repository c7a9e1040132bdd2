import t from 'tap'
import { createWorld, startPod, type World } from '../../support/app.js'
import { registerUser } from '../../support/factories.js'
import { isProblem } from '../../support/problem.js'
import { startSilentServer } from '../../support/silent-server.js'
import { until } from '../../support/until.js'

const at = (world: World, databaseUrl: string): World => ({
  ...world,
  env: { ...world.env, DATABASE_URL: databaseUrl },
})

t.test('a defect of ours is 500 and one line, neither with a value in it', async (t) => {
  const world = await createWorld(t)
  const { call, log } = await startPod(t, world)
  const ada = await registerUser(call)
  await world.database.sql`alter table users rename to elsewhere`
  const email = 'secret-address@example.com'
  const body = { email, password: 'a secret, long enough', name: 'Secret Name' }
  const answer = await call('POST', '/v1/auth/register', { body })
  isProblem(t, answer, { status: 500, code: 'internal_error', instance: '/v1/auth/register' })
  isProblem(t, await call('GET', '/v1/users/me', { token: ada.token }), {
    status: 500,
    code: 'internal_error',
  })

  const [line, ...others] = await until('the log line', () => {
    const lines = log.filter(({ requestId }) => requestId === answer.body.requestId)
    return lines.length > 0 && lines
  })
  t.strictSame(others, [])
  t.match(line, { level: 50, method: 'POST', route: '/v1/auth/register', status: 500 })
  t.match(line, {
    err: { message: /^Failed query: insert into "users"/, stack: /at /, cause: { code: '42P01' } },
  })
  t.notMatch(JSON.stringify(log), /secret|argon2/i)
})

t.test('Postgres away is 503 with Retry-After, time after time, and over when it is back', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, at(world, 'postgres://nobody:secret-word@127.0.0.1:1/nothing'))
  for (let time = 0; time < 8; time += 1) {
    const begun = performance.now()
    const answer = await call('GET', '/v1/products')
    isProblem(t, answer, { status: 503, code: 'unavailable', instance: '/v1/products' })
    t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/)
    t.ok(
      performance.now() - begun < 2_000,
      `time ${time}: soon (${Math.round(performance.now() - begun)} ms)`,
    )
    t.notMatch(answer.text, /secret-word/)
  }
})

t.test('a database that was dropped under a pod is 503', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  t.equal((await call('GET', '/v1/products')).status, 200)
  const name = new URL(world.database.url).pathname.slice(1)
  const { sql } = (await createWorld(t)).database
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
  await sql`alter database ${sql(name)} rename to ${sql(`${name}_away`)}`
  t.teardown(() => sql`alter database ${sql(`${name}_away`)} rename to ${sql(name)}`)
  t.equal((await call('GET', '/v1/products')).status, 200, 'what is cached is still there')
  const answer = await call('GET', '/v1/products?limit=1')
  isProblem(t, answer, { status: 503, code: 'unavailable' })
  t.ok(answer.headers.has('retry-after'))
})

t.test('a Postgres that accepts and says nothing is 503 within five seconds', async (t) => {
  const silent = await startSilentServer(t)
  const { call } = await startPod(t, at(await createWorld(t), `postgres://x:y@127.0.0.1:${silent.port}/z`))
  const begun = performance.now()
  const answer = await call('GET', '/v1/products')
  isProblem(t, answer, { status: 503, code: 'unavailable' })
  t.ok(performance.now() - begun < 5_000, `after ${Math.round(performance.now() - begun)} ms`)
  silent.stop()
  t.equal((await call('GET', '/v1/products')).status, 503, 'nor when it is gone')
})
