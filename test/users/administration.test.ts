import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { auditOf } from '../support/audit.js'
import { type Account, registerAdmin, registerUser } from '../support/factories.js'
import { isProblem } from '../support/problem.js'

t.test('an admin finds users by how their address or name begins, and by role', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  await world.database.sql`insert into users (id, email, name, password_hash, disabled_at)
    select ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'zoe' || n || '@example.com',
      case when n % 2 = 0 then 'Émile ' else '100%_\\ ' end || n, 'none', case when n = 1 then now() end
    from generate_series(1, 25) n`
  const list = (query: string) => call('GET', `/v1/users?${query}`, { token: admin.token })
  const emailsOf = (answer: { body: { data: { email: string }[] } }) =>
    answer.body.data.map(({ email }) => email)

  t.equal((await list('q=zoe1')).body.data.length, 11)
  t.equal((await list('q=ZOE25%40EX')).body.data.length, 1, 'in whatever case')
  t.equal((await list(`q=${encodeURIComponent('émile 2')}`)).body.data.length, 4)
  t.equal((await list(`q=${encodeURIComponent('100%_\\')}`)).body.data.length, 13, 'no wildcards')
  for (const none of ['%25', '_', '%5C', '25@example.com']) {
    t.strictSame((await list(`q=${none}`)).body.data, [], `${none} is text`)
  }
  t.strictSame(emailsOf(await list('role=admin')), [admin.email])
  t.strictSame(emailsOf(await list('role=admin&q=zoe')), [])
  t.match((await list('q=zoe1%40')).body.data, [{ disabled: true, emailVerified: false, role: 'user' }])

  await t.test('page by page, each once', async (t) => {
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page = await list(`q=zoe&limit=10${cursor && `&cursor=${cursor}`}`)
      seen.push(...emailsOf(page))
      cursor = page.body.meta.nextCursor
    }
    t.strictSame(
      seen,
      Array.from({ length: 25 }, (_, index) => `zoe${25 - index}@example.com`),
    )
  })

  await t.test('a cursor fits no other filters', async (t) => {
    const { body } = await list('q=zoe&limit=10')
    const other = await list(`q=zo&limit=10&cursor=${body.meta.nextCursor}`)
    isProblem(t, other, { status: 400, code: 'validation_failed' })
  })
})

t.test('an admin gives and takes, disables and enables, and it is recorded', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call)
  const change = (body: object, headers = {}) =>
    call('PATCH', `/v1/users/${ada.id}`, { token: admin.token, body, headers })
  const logIn = () => call('POST', '/v1/auth/login', { body: { email: ada.email, password: ada.password } })

  const promoted = await change({ role: 'admin' })
  t.match(promoted.body.data, { id: ada.id, role: 'admin', disabled: false })
  t.equal(
    (await call('GET', '/v1/users/me', { token: ada.token })).status,
    401,
    'the old role is in the token',
  )
  const { body } = await logIn()
  t.equal((await call('GET', '/v1/users', { token: body.data.accessToken })).status, 200)

  const stale = await change({ role: 'user' }, { 'if-match': '"1"' })
  isProblem(t, stale, { status: 412, code: 'precondition_failed' })
  const etag = promoted.headers.get('etag') ?? ''
  const again = await change({ role: 'admin', disabled: false }, { 'if-match': etag })
  t.equal(again.headers.get('etag'), etag, 'what is so already is no change')
  t.equal(
    (await call('GET', '/v1/users', { token: body.data.accessToken })).status,
    200,
    'and ends no session',
  )

  t.match((await change({ role: 'user', disabled: true })).body.data, { role: 'user', disabled: true })
  isProblem(t, await logIn(), { status: 401, code: 'invalid_credentials' }, 'disabled')
  t.match((await change({ disabled: false })).body.data, { disabled: false })
  t.equal((await logIn()).status, 200)

  const deeds = (await auditOf(world, ada.id)).filter(({ actor_id }) => actor_id === admin.id)
  const [first, ...others] = deeds
  // What one request does is of one moment, and in no order.
  const together = others.splice(0, 2).sort((one, other) => one.action.localeCompare(other.action))
  t.match(first, { action: 'user.role_changed', details: { from: 'user', to: 'admin' } })
  t.match(together, [
    { action: 'user.disabled', address: '127.0.0.1', request_id: String },
    { action: 'user.role_changed', details: { from: 'admin', to: 'user' } },
  ])
  t.match(others, [{ action: 'user.enabled' }])
  t.equal(deeds.length, 4)
})

t.test('there is always an admin', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const other = await startPod(t, world)
  const grace = await registerAdmin(call, world)
  const change = (by: Account, id: string, body: object, pod = call) =>
    pod('PATCH', `/v1/users/${id}`, { token: by.token, body })
  const last = { status: 409, code: 'last_admin' }

  await t.test('the last one cannot go', async (t) => {
    isProblem(t, await change(grace, grace.id, { role: 'user' }), last)
    isProblem(t, await change(grace, grace.id, { disabled: true }), last)
    isProblem(t, await call('DELETE', '/v1/users/me', { token: grace.token }), last)
    t.equal((await call('GET', '/v1/users', { token: grace.token })).status, 200, 'and is still signed in')
  })

  await t.test('a disabled admin is none', async (t) => {
    const idle = await registerAdmin(call, world)
    t.equal((await change(grace, idle.id, { disabled: true })).status, 200)
    isProblem(t, await change(grace, grace.id, { role: 'user' }), last)
  })

  await t.test('two that go at the same moment do not both', async (t) => {
    const hopper = await registerAdmin(call, world)
    const answers = await Promise.all([
      change(grace, hopper.id, { role: 'user' }),
      change(hopper, grace.id, { disabled: true }, other.call),
      call('DELETE', '/v1/users/me', { token: hopper.token }),
      other.call('DELETE', '/v1/users/me', { token: grace.token }),
    ])
    const statuses = answers.map(({ status }) => status)
    t.ok(
      statuses.every((status) => [200, 204, 401, 403, 404, 409].includes(status)),
      statuses.join(' '),
    )
    const [left] = await world.database.sql`select count(*)::int as n from users
      where role = 'admin' and disabled_at is null and deleted_at is null`
    t.equal(left?.['n'], 1)
  })
})
