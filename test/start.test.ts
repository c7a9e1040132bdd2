import { createServer } from 'node:net'
import t from 'tap'
import { createCheckout, endsInOrder, launch, passwordIn } from './support/checkout.js'
import { createTestDatabase } from './support/database.js'
import { testServices } from './support/environment.js'
import { scaled } from './support/figures.js'
import { until } from './support/until.js'
import { createCall } from './support/world.js'

t.jobs = 2

/** Each of these starts the whole house, once to thrice; the tour in readme.test.ts has it killed and started again. */
const inTheLongForm = { skip: scaled(1, 0) === 1 && 'npm run test:start runs it' }

const account = { email: 'ada@example.com', password: 'correct horse battery', name: 'Ada' }
const { name: _name, ...credentials } = account
const late = { ...account, email: 'late@example.com' }

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

t.test('npm start, stopped or killed and started again, finds its data', inTheLongForm, async (t) => {
  const checkout = createCheckout(t)
  const first = await launch(t, checkout)
  await first.untilReady()
  const password = passwordIn(first.output())
  t.ok(password, 'the password is shown the first time')
  const call = createCall(first.url)
  t.equal((await call('POST', '/v1/auth/register', { body: account })).status, 201)
  const admin = { email: 'admin@example.com', password }
  t.equal((await call('POST', '/v1/auth/login', { body: admin })).status, 200)
  t.equal(await first.stop('SIGINT'), 0)
  endsInOrder(t, first)

  const second = await launch(t, checkout)
  await second.untilReady()
  t.equal(passwordIn(second.output()), undefined, 'and not again')
  const again = createCall(second.url)
  t.equal((await again('POST', '/v1/auth/login', { body: credentials })).status, 200)
  t.equal((await again('POST', '/v1/auth/login', { body: admin })).status, 200)
  t.equal((await again('POST', '/v1/auth/register', { body: late })).status, 201)
  const { pid = 0 } = second.process
  await second.stop('SIGKILL')
  t.notOk(isAlive(pid))

  const third = await launch(t, checkout, { PORT: String(second.port) })
  await third.untilReady()
  const { status } = await createCall(third.url)('POST', '/v1/auth/login', {
    body: { ...credentials, email: late.email },
  })
  t.equal(
    status,
    200,
    'what was acknowledged before a kill is there, and nothing was left running that is in its way',
  )
  t.equal(await third.stop('SIGTERM'), 0)
  await until('the port to be free', () =>
    fetch(third.url).then(
      () => false,
      () => true,
    ),
  )
})

t.test('a silent log hides neither the banner nor the password', inTheLongForm, async (t) => {
  const program = await launch(t, createCheckout(t), { LOG_LEVEL: 'silent' })
  await program.untilReady()
  t.ok(passwordIn(program.output()))
  t.notMatch(program.output(), /GET|worker ready/)
  t.equal(await program.stop('SIGINT'), 0)
})

t.test('given DATABASE_URL and REDIS_URL it uses those and starts none', inTheLongForm, async (t) => {
  const database = await createTestDatabase(t)
  const program = await launch(t, createCheckout(t), {
    DATABASE_URL: database.url,
    REDIS_URL: testServices().redisUrl,
    REDIS_PREFIX: 'test-given',
  })
  await program.untilReady()
  t.notMatch(program.output(), /Postgres on|Redis on/)
  const call = createCall(program.url)
  t.equal((await call('POST', '/v1/auth/register', { body: account })).status, 201)
  t.equal((await database.sql`select from users where email = ${account.email}`).length, 1)
  await until(
    'the mail',
    async () => (await database.sql`select from outbox where closed_at is null`).length === 0,
  )
  t.equal(await program.stop(), 0)
  t.notMatch(program.output(), /Postgres stopped|Redis stopped/)
})

t.test('two checkouts run at once', inTheLongForm, async (t) => {
  const programs = await Promise.all([1, 2].map(async () => launch(t, createCheckout(t))))
  await Promise.all(programs.map(({ untilReady }) => untilReady()))
  const [first, second] = programs.map(({ url }) => createCall(url))
  t.equal((await first?.('POST', '/v1/auth/register', { body: account }))?.status, 201)
  t.equal(
    (await second?.('POST', '/v1/auth/login', { body: credentials }))?.status,
    401,
    'each has its own data',
  )
  t.strictSame(await Promise.all(programs.map(({ stop }) => stop())), [0, 0])
})

t.test('a PORT that is taken is one clear line', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const program = await launch(t, createCheckout(t), { PORT: String(port) })
  await until('the end', () => program.exitCode() !== null)
  t.equal(program.exitCode(), 1)
  t.match(program.output(), new RegExp(`^Port ${port} on 127.0.0.1 is taken: [^\\n]*\\n$`))
})

t.test('a second start in the same checkout is refused and does no harm', inTheLongForm, async (t) => {
  const checkout = createCheckout(t)
  const first = await launch(t, checkout)
  await first.untilReady()
  const second = await launch(t, checkout)
  await until('the end', () => second.exitCode() !== null)
  t.equal(second.exitCode(), 1)
  t.equal(second.output().trim().split('\n').length, 1, second.output())
  t.equal((await createCall(first.url)('GET', '/readyz')).status, 200)
  t.equal(await first.stop(), 0)
})
