import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { registerUser } from '../support/factories.js'
import { isProblem } from '../support/problem.js'
import { countRecorded, logIn, refresh, sessionIdOf } from '../support/sessions.js'

const UNKNOWN = '00000000-0000-7000-8000-000000000000'
const notFound = { status: 404, code: 'session_not_found' }

const world = await createWorld(t)
const { call } = await startPod(t, world)

const list = (token: string, query = '') => call('GET', `/v1/auth/sessions${query}`, { token })
const idsIn = (body: { data: { id: string }[] }): string[] => body.data.map(({ id }) => id)

t.test('GET /v1/auth/sessions shows where the caller is signed in, newest first', async (t) => {
  const ada = await registerUser(call)
  await registerUser(call, 'Eve')
  const phone = await logIn(call, ada, { 'user-agent': 'Phone/1.0' })
  const { status, headers, body } = await list(phone.token)
  t.equal(status, 200)
  t.equal(headers.get('cache-control'), 'no-store')
  t.strictSame(idsIn(body), [phone.sessionId, sessionIdOf(ada.token)], 'own ones only')
  t.equal(body.meta.nextCursor, null)
  const [first, second] = body.data
  t.match(first, { userAgent: 'Phone/1.0', address: '127.0.0.1', current: true })
  t.equal(second.current, false)
  t.strictSame(
    Object.keys(first).sort(),
    ['address', 'createdAt', 'current', 'expiresAt', 'id', 'lastUsedAt', 'userAgent'],
    'and nothing of the tokens',
  )
  t.equal(Date.parse(first.expiresAt) - Date.parse(first.createdAt), 30 * 24 * 3_600_000)
  t.equal(first.lastUsedAt, first.createdAt)
})

t.test('a refresh is noted: when it was used last, with what and from where', async (t) => {
  const ada = await registerUser(call)
  const { refreshToken, token } = await logIn(call, ada, { 'user-agent': 'Old/1' })
  const body = { refreshToken }
  await call('POST', '/v1/auth/refresh', { body, headers: { 'user-agent': `New/${'2'.repeat(500)}` } })
  const [session] = (await list(token)).body.data
  t.equal(session.userAgent, `New/${'2'.repeat(500)}`.slice(0, 200), 'cut, however long it was')
  t.ok(Date.parse(session.lastUsedAt) > Date.parse(session.createdAt))
})

t.test('the list goes on with its cursor', async (t) => {
  const ada = await registerUser(call)
  const eve = await registerUser(call, 'Eve')
  const later = [await logIn(call, ada), await logIn(call, ada), await logIn(call, ada)]
  const expected = [sessionIdOf(ada.token), ...later.map(({ sessionId }) => sessionId)].reverse()
  const seen: string[] = []
  let query: string | undefined = '?limit=3'
  let pages = 0
  while (query !== undefined) {
    const { body }: Awaited<ReturnType<typeof list>> = await list(ada.token, query)
    seen.push(...idsIn(body))
    pages += 1
    const { nextCursor } = body.meta
    query = nextCursor === null ? undefined : `?limit=3&cursor=${nextCursor}`
  }
  t.strictSame(seen, expected)
  t.equal(pages, 2)

  const { nextCursor } = (await list(ada.token, '?limit=1')).body.meta
  for (const [what, token, cursor] of [
    ['somebody else’s', eve.token, nextCursor],
    ['a damaged one', ada.token, nextCursor.slice(1)],
  ]) {
    const answer = await list(token, `?cursor=${cursor}`)
    isProblem(t, answer, { status: 400, code: 'validation_failed' }, what)
    t.match(answer.body, { errors: [{ path: 'cursor' }] }, what)
  }
})

t.test('what has ended or expired is not listed', async (t) => {
  const ada = await registerUser(call)
  const loggedOut = await logIn(call, ada)
  const expired = await logIn(call, ada)
  await call('POST', '/v1/auth/logout', { token: loggedOut.token })
  await world.database.sql`update sessions set expires_at = now() where id = ${expired.sessionId}`
  t.strictSame(idsIn((await list(ada.token)).body), [sessionIdOf(ada.token)])
})

t.test('DELETE /v1/auth/sessions/:id ends one of the caller’s own', async (t) => {
  const ada = await registerUser(call)
  const lost = await logIn(call, ada)
  const { status, text } = await call('DELETE', `/v1/auth/sessions/${lost.sessionId}`, { token: ada.token })
  t.equal(status, 204)
  t.equal(text, '')
  isProblem(t, await list(lost.token), { status: 401, code: 'unauthenticated' })
  t.equal((await refresh(call, lost.refreshToken)).status, 401)
  t.equal((await list(ada.token)).status, 200, 'the caller’s goes on')
  t.equal(await countRecorded(world, 'session.ended', [lost.sessionId]), 1)
  const [row] = await world.database.sql`select end_reason from sessions where id = ${lost.sessionId}`
  t.equal(row?.['end_reason'], 'ended_by_owner')

  await t.test('and in capitals, too', async (t) => {
    const { sessionId } = await logIn(call, ada)
    const answer = await call('DELETE', `/v1/auth/sessions/${sessionId.toUpperCase()}`, { token: ada.token })
    t.equal(answer.status, 204)
  })
})

t.test('nobody ends what is somebody else’s, over, or not there', async (t) => {
  const ada = await registerUser(call)
  const eve = await registerUser(call, 'Eve')
  const ended = await logIn(call, eve)
  const expired = await logIn(call, eve)
  await call('POST', '/v1/auth/logout', { token: ended.token })
  await world.database.sql`update sessions set expires_at = now() where id = ${expired.sessionId}`
  const cases = {
    'somebody else’s': sessionIdOf(ada.token),
    'an ended one': ended.sessionId,
    'an expired one': expired.sessionId,
    'one that never was': UNKNOWN,
  }
  for (const [what, id] of Object.entries(cases)) {
    isProblem(t, await call('DELETE', `/v1/auth/sessions/${id}`, { token: eve.token }), notFound, what)
  }
  const nonsense = await call('DELETE', '/v1/auth/sessions/42', { token: eve.token })
  isProblem(t, nonsense, { status: 400, code: 'validation_failed' })
  t.equal((await list(ada.token)).status, 200)
  t.equal(await countRecorded(world, 'session.ended', Object.values(cases)), 1, 'the log-out alone')
})

t.test('POST /v1/auth/logout ends this session, once', async (t) => {
  const ada = await registerUser(call)
  const here = await logIn(call, ada)
  const logOut = () => call('POST', '/v1/auth/logout', { token: here.token })
  t.equal((await logOut()).status, 204)
  isProblem(t, await logOut(), { status: 401, code: 'unauthenticated' })
  t.equal((await refresh(call, here.refreshToken)).status, 401)
  t.equal((await list(ada.token)).status, 200, 'the other one goes on')
  const [row] = await world.database.sql`select end_reason from sessions where id = ${here.sessionId}`
  t.equal(row?.['end_reason'], 'logged_out')
})

t.test('of many who end a session at once one does', async (t) => {
  const ada = await registerUser(call)
  const { sessionId } = await logIn(call, ada)
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => call('DELETE', `/v1/auth/sessions/${sessionId}`, { token: ada.token })),
  )
  t.strictSame(answers.map(({ status }) => status).sort(), [204, 404, 404, 404, 404, 404, 404, 404])
  t.equal(await countRecorded(world, 'session.ended', [sessionId]), 1)
})
