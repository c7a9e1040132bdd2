import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { actionsOf, auditOf } from '../support/audit.js'
import { createProduct, registerAdmin, registerUser } from '../support/factories.js'
import { inLine } from '../support/in-line.js'
import { mailFiles } from '../support/mail.js'
import { untilOutboxClosed } from '../support/outbox.js'
import { isProblem } from '../support/problem.js'
import { formOf, pngOf, upload } from '../support/uploads.js'

t.test('the own record has a tag that changes with it', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const { token, id } = await registerUser(call)
  const me = (headers = {}) => call('GET', '/v1/users/me', { token, headers })
  const first = await me()
  const etag = first.headers.get('etag') ?? ''
  t.match(etag, /^"\d+"$/)

  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await me({ 'if-none-match': known })
    t.equal(answer.status, 304, known)
    t.equal(answer.text, '')
    t.equal(answer.headers.get('etag'), etag)
  }
  for (const unknown of ['"999"', 'nonsense', '']) {
    t.equal((await me({ 'if-none-match': unknown })).status, 200, unknown)
  }

  t.equal((await call('GET', `/v1/users/${id}`, { token })).body.data.name, 'Ada', 'now cached')
  const changed = await call('PATCH', '/v1/users/me', { token, body: { name: '  Ada King ' } })
  t.equal(changed.status, 200)
  t.match(changed.body.data, { id, name: 'Ada King' })
  t.not(changed.headers.get('etag'), etag)
  t.equal((await me({ 'if-none-match': etag })).status, 200, 'the old tag is no longer known')
  t.strictSame((await me()).body, changed.body)
  t.equal((await call('GET', `/v1/users/${id}`, { token })).body.data.name, 'Ada King')
  t.match(await auditOf(world, id), [{}, {}, { action: 'user.changed', actor_id: id, address: '127.0.0.1' }])
})

t.test('a change meant for another version is refused and says which one there is', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const { token } = await registerUser(call)
  const { headers } = await call('GET', '/v1/users/me', { token })
  const etag = headers.get('etag') ?? ''
  const rename = (name: string, match: string) =>
    call('PATCH', '/v1/users/me', { token, body: { name }, headers: { 'if-match': match } })

  const twice = await Promise.all([rename('One', etag), rename('Other', etag)])
  t.strictSame(twice.map(({ status }) => status).sort(), [200, 412], 'of two with one tag one wins')
  const current = (await call('GET', '/v1/users/me', { token })).headers.get('etag')
  const stale = { status: 412, code: 'precondition_failed' }
  for (const match of [etag, '"999"', `W/${current}`, 'nonsense', '""', '"1e1"']) {
    const answer = await rename('Late', match)
    isProblem(t, answer, stale, match)
    t.equal(answer.headers.get('etag'), current, match)
  }
  isProblem(t, await call('DELETE', '/v1/users/me', { token, headers: { 'if-match': etag } }), stale)
  for (const match of ['*', `"999", ${current}`])
    t.equal((await rename('New', match)).status, match === '*' ? 200 : 412)
})

t.test('a change is checked, and nothing else can be changed', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const { token } = await registerUser(call)
  const before = await call('GET', '/v1/users/me', { token })
  for (const body of [
    {},
    [],
    null,
    { name: '' },
    { name: 7 },
    { name: 'a\u0000' },
    { name: 'x'.repeat(101) },
  ]) {
    const answer = await call('PATCH', '/v1/users/me', { token, body })
    isProblem(t, answer, { status: 400, code: 'validation_failed' }, JSON.stringify(body))
  }
  t.strictSame((await call('GET', '/v1/users/me', { token })).body, before.body)
})

t.test('a deleted account is gone, but for what belongs to others', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const product = await createProduct(call, admin)
  const ada = await registerUser(call, 'Ada')
  const items = [{ productId: product.id, quantity: 1 }]
  const order = await call('POST', '/v1/orders', { token: ada.token, body: { items } })
  const other = await call('POST', '/v1/auth/login', { body: { email: ada.email, password: ada.password } })

  t.equal(
    (await call('GET', `/v1/users/${ada.id}`, { token: admin.token })).body.data.name,
    'Ada',
    'now cached',
  )
  t.equal((await call('DELETE', '/v1/users/me', { token: ada.token })).status, 204)

  await t.test('nobody can go on as that user', async (t) => {
    for (const token of [ada.token, other.body.data.accessToken]) {
      isProblem(t, await call('GET', '/v1/users/me', { token }), { status: 401, code: 'unauthenticated' })
    }
    const { refreshToken } = other.body.data
    const refreshed = await call('POST', '/v1/auth/refresh', { body: { refreshToken } })
    isProblem(t, refreshed, { status: 401, code: 'invalid_refresh_token' })
    const again = await call('POST', '/v1/auth/login', { body: { email: ada.email, password: ada.password } })
    isProblem(t, again, { status: 401, code: 'invalid_credentials' })
  })

  await t.test('nothing tells who it was', async (t) => {
    const gone = { status: 404, code: 'user_not_found' }
    isProblem(t, await call('GET', `/v1/users/${ada.id}`, { token: admin.token }), gone)
    const patched = await call('PATCH', `/v1/users/${ada.id}`, {
      token: admin.token,
      body: { disabled: true },
    })
    isProblem(t, patched, gone)
    const [row] = await sql`select * from users where id = ${ada.id}`
    t.match(row, { email: null, password_hash: null, name: 'Deleted user', deleted_at: Date })
    const sessions = await sql`select * from sessions where user_id = ${ada.id}`
    t.ok(sessions.length >= 2)
    for (const session of sessions) {
      t.match(session, { user_agent: null, address: null, end_reason: 'user_deleted' })
    }
    t.match((await actionsOf(world, ada.id)).at(-1), 'user.deleted')
  })

  await t.test('the order stays, and the mails that waited are not sent', async (t) => {
    t.equal((await call('GET', `/v1/orders/${order.body.data.id}`, { token: admin.token })).status, 200)
    await startWorkerPod(t, world)
    const rows = await untilOutboxClosed(world)
    t.ok(
      rows.every(({ failure }) => failure === null),
      'no dead letter',
    )
    t.strictSame(mailFiles(world.mailDir), [`send-welcome-${admin.id}.eml`])
  })

  await t.test('the address is free again', async (t) => {
    const body = { email: ada.email, password: ada.password, name: 'Somebody else' }
    const { status, body: created } = await call('POST', '/v1/auth/register', { body })
    t.equal(status, 201)
    t.not(created.data.id, ada.id)
  })
})

t.test('what is made while its owner is being deleted goes with him, or is not made', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const image = formOf(await pngOf())
  const hook = { url: 'https://example.com/hook', events: ['order.placed'] }
  const meet = async (isDeletedFirst: boolean) => {
    const ada = await registerUser(call)
    const { id, token } = ada
    const make = [() => upload(call, ada, image), () => call('POST', '/v1/webhooks', { token, body: hook })]
    const remove = () => call('DELETE', '/v1/users/me', { token })
    const answers = await inLine(
      sql,
      // A deletion stands still at the sessions, when all but these are done with.
      (transaction) =>
        isDeletedFirst
          ? transaction`select from sessions where user_id = ${id} for update`
          : transaction`select from users where id = ${id} for update`,
      isDeletedFirst ? [remove, ...make] : [...make, remove],
    )
    const left = await sql`select id from uploads where user_id = ${id} and abandoned_at is null
      union all select id from webhook_endpoints where user_id = ${id}`
    t.strictSame([...left], [], 'nothing is left to stay for ever')
    return answers
  }

  const [deleted, ...refused] = await meet(true)
  t.equal(deleted?.status, 204)
  for (const answer of refused) isProblem(t, answer, { status: 401, code: 'unauthenticated' })
  t.equal((await sql`select from uploads`).length, 0)
  t.strictSame(
    (await meet(false)).map(({ status }) => status),
    [202, 201, 204],
  )
})
