import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { createCacheProbe } from '../support/cache.js'
import { registerAdmin, registerUser } from '../support/factories.js'

t.test('GET /v1/users/me shows the caller the full own record', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const ada = await registerUser(call)
  const { status, headers, body } = await call('GET', '/v1/users/me', { token: ada.token })
  t.equal(status, 200)
  t.match(body.data, { id: ada.id, email: ada.email, name: 'Ada', role: 'user' })
  t.match(body.data.createdAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  t.equal(headers.get('cache-control'), 'no-store')
  t.strictSame(Object.keys(body.data).sort(), [
    'avatarUrl',
    'createdAt',
    'email',
    'emailVerified',
    'id',
    'name',
    'role',
    'updatedAt',
  ])
})

t.test('GET /v1/users/:id shows anybody signed in the public profile only', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const ada = await registerUser(call)
  const eve = await registerUser(call, 'Eve')
  const { status, body } = await call('GET', `/v1/users/${ada.id}`, { token: eve.token })
  t.equal(status, 200)
  t.strictSame(Object.keys(body.data).sort(), ['avatarUrl', 'createdAt', 'id', 'name'])
})

t.test('a profile comes from the cache the second time', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const ada = await registerUser(call)
  const first = await call('GET', `/v1/users/${ada.id}`, { token: ada.token })
  t.equal(first.headers.get('x-cache'), 'MISS')

  await t.test('without touching Postgres', async (t) => {
    await world.database.sql`alter table users rename to hidden`
    t.teardown(() => world.database.sql`alter table hidden rename to users`)
    const second = await call('GET', `/v1/users/${ada.id}`, { token: ada.token })
    t.equal(second.status, 200)
    t.equal(second.headers.get('x-cache'), 'HIT')
    t.equal(second.headers.get('content-type'), first.headers.get('content-type'))
    t.equal(second.text, first.text)
  })

  await t.test('for another pod too', async (t) => {
    const other = await startPod(t, world)
    const { headers } = await other.call('GET', `/v1/users/${ada.id}`, { token: ada.token })
    t.equal(headers.get('x-cache'), 'HIT')
  })

  await t.test('byte by byte, without being parsed and written again', async (t) => {
    const path = `/v1/users/${ada.id}`
    const { redis, entryKey, entry } = createCacheProbe(t, world)
    const kept = await entry(path)
    t.equal(kept.slice(kept.indexOf('\n') + 1), first.text)
    const ttl = await redis.ttl(entryKey(path))
    t.ok(ttl > 320 && ttl <= 330, `is kept for 300 s, and 30 s while it is made anew (${ttl})`)
    await redis.set(entryKey(path), kept.replace('"Ada"', ' "Ad"'))
    const { text } = await call('GET', path, { token: ada.token })
    t.match(text, '"name": "Ad"')
  })

  await t.test('but never past the access check', async (t) => {
    const { status, headers, body } = await call('GET', `/v1/users/${ada.id}`)
    t.equal(status, 401)
    t.equal(body.code, 'unauthenticated')
    t.equal(headers.get('x-cache'), null)
  })
})

t.test(
  'a pod with CACHE_ENABLED=false asks Postgres, and still drops for the others what it changes',
  async (t) => {
    const world = await createWorld(t)
    const caching = await startPod(t, world)
    const asking = await startPod(t, { ...world, env: { ...world.env, CACHE_ENABLED: 'false' } })
    const ada = await registerUser(caching.call)
    const read = (pod: typeof caching) => pod.call('GET', `/v1/users/${ada.id}`, { token: ada.token })
    for (const _time of [1, 2]) t.equal((await read(asking)).headers.get('x-cache'), 'BYPASS')
    t.equal((await read(caching)).headers.get('x-cache'), 'MISS', 'it kept nothing')
    t.equal((await read(caching)).headers.get('x-cache'), 'HIT')
    await asking.call('PATCH', '/v1/users/me', { token: ada.token, body: { name: 'Countess' } })
    const after = await read(caching)
    t.equal(after.headers.get('x-cache'), 'MISS')
    t.equal(after.body.data.name, 'Countess')
  },
)

t.test('a path that can be spelt in many ways is not cached: each spelling would be an entry', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const ada = await registerUser(call)
  for (const id of [ada.id.toUpperCase(), ada.id.replace('0', '%30')]) {
    const { status, headers, body } = await call('GET', `/v1/users/${id}`, { token: ada.token })
    t.equal(status, 200, id)
    t.equal(body.data.id, ada.id)
    t.equal(headers.get('x-cache'), 'BYPASS', id)
  }
})

t.test('that there is nobody is cached for a moment', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const ada = await registerUser(call)
  for (const expected of ['MISS', 'HIT']) {
    const { status, headers, body } = await call('GET', '/v1/users/00000000-0000-7000-8000-000000000000', {
      token: ada.token,
    })
    t.equal(status, 404)
    t.equal(body.code, 'user_not_found')
    t.equal(headers.get('x-cache'), expected)
  }
})

t.test('a profile is never older than what its owner or an admin did', async (t) => {
  const world = await createWorld(t)
  const [one, other] = [await startPod(t, world), await startPod(t, world)]
  const admin = await registerAdmin(one.call, world)
  const ada = await registerUser(one.call)
  const read = () => other.call('GET', `/v1/users/${ada.id}`, { token: admin.token })
  const isRead = async (expected: object) => {
    for (const verdict of ['MISS', 'HIT']) {
      const { status, body, headers } = await read()
      t.match(
        { status, name: body.data?.name, cache: headers.get('x-cache') },
        { ...expected, cache: verdict },
      )
    }
  }
  await isRead({ status: 200, name: 'Ada' })
  await one.call('PATCH', '/v1/users/me', { token: ada.token, body: { name: 'Countess' } })
  await isRead({ status: 200, name: 'Countess' })
  await one.call('PATCH', `/v1/users/${ada.id}`, { token: admin.token, body: { role: 'admin' } })
  await isRead({ status: 200, name: 'Countess' })
  const again = await one.call('POST', '/v1/auth/login', {
    body: { email: ada.email, password: ada.password },
  })
  const { status } = await one.call('DELETE', '/v1/users/me', { token: again.body.data.accessToken })
  t.equal(status, 204)
  await isRead({ status: 404 })
})

t.test('an id that is no UUID is refused with its place', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const ada = await registerUser(call)
  const { status, body } = await call('GET', '/v1/users/42', { token: ada.token })
  t.equal(status, 400)
  t.match(body, { code: 'validation_failed', errors: [{ path: 'id' }] })
})

t.test('a query that a route does not know is refused, and makes no second cache entry', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const ada = await registerUser(call)
  for (const path of ['/v1/users/me?x=1', `/v1/users/${ada.id}?x=1`, `/v1/users/${ada.id}?x=1`]) {
    const { status, headers, body } = await call('GET', path, { token: ada.token })
    t.equal(status, 400, path)
    t.match(body, { code: 'validation_failed', errors: [{ path: '' }] }, path)
    t.not(headers.get('x-cache'), 'HIT', path)
  }
})
