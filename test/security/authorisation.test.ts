import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { sendRaw } from '../support/raw.js'
import { changedTables, takeSnapshot } from '../support/snapshot.js'
import { createStages, type Person } from '../support/stage.js'
import { until } from '../support/until.js'

const world = await createWorld(t)
const { sql } = world.database
const pod = await startPod(t, world)
const { call } = pod
const { setStage } = await createStages(world, pod)

/** As it is written: a client would tidy up the address. */
const raw = (method: string, target: string, caller?: Person) => {
  const token = caller ? `authorization: Bearer ${caller.token}\r\n` : ''
  const head = `${method} ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n${token}`
  return sendRaw(pod.url, `${head}\r\n`)
}

t.test('an address in another spelling opens nothing', async (t) => {
  const { owner, other, orderId } = await setStage()
  const encoded = `%${orderId.charCodeAt(0).toString(16)}${orderId.slice(1)}`
  const spellings = [
    ...['/', '//', '%2f', '%20', '%00', '.', ';role=admin', '?', '#', '%3f', '%23'].flatMap((end) => [
      `/v1/users${end}`,
      `/v1/orders/${orderId}${end}`,
    ]),
    ...['/V1/users', '//v1/users', '/v1//users', '/v1%2fusers', '/v1/./users', '/livez/../v1/users'],
    ...['/%761/users', '/v1/%75sers', 'http://x/v1/users', '/docs/../v1/users', '/docs/..%2fv1/users'],
    ...['/docs/static/..%2f..%2f..%2fpackage.json', '/docs/static/../../package.json'],
    ...[
      orderId.toUpperCase(),
      encoded,
      orderId.replaceAll('-', ''),
      `{${orderId}}`,
      `urn:uuid:${orderId}`,
    ].map((spelling) => `/v1/orders/${spelling}`),
  ]
  const before = await takeSnapshot(sql)
  const opened: string[] = []
  let asked = 0
  for (const target of spellings) {
    for (const caller of [undefined, other]) {
      const { status, text } = await raw('GET', target, caller)
      const shows = text.includes(owner.email) || text.includes(`"userId"`)
      if (![400, 401, 403, 404].includes(status) || shows)
        opened.push(`${target} as ${caller ? 'other user' : 'anonymous'}: ${status}, ${text}`)
      asked += 1
    }
  }
  t.strictSame(opened, [], 'each is refused and shows nothing')
  t.equal(asked, 2 * spellings.length)
  t.strictSame(changedTables(before, await takeSnapshot(sql)), [])
})

t.test('another method, or one in a header, opens nothing', async (t) => {
  const { owner, other, admin, orderId } = await setStage()
  const methods = [
    'OPTIONS',
    'TRACE',
    'PUT',
    'PROPFIND',
    'SEARCH',
    'QUERY',
    'LINK',
    'COPY',
    'MOVE',
    'LOCK',
    'get',
  ]
  const before = await takeSnapshot(sql)
  const opened: string[] = []
  const targets = ['/v1/users', `/v1/orders/${orderId}`, '/v1/users/me']
  let asked = 0
  for (const target of targets) {
    for (const method of methods) {
      const { status, text } = await raw(method, target, other)
      if (![400, 404, 405].includes(status) || text.includes(owner.email))
        opened.push(`${method} ${target}: ${status}, ${text}`)
      asked += 1
    }
  }
  t.strictSame(opened, [], 'each is refused and shows nothing')
  t.equal(asked, targets.length * methods.length)
  const headers: [string, string][] = [
    ...['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-method'].map(
      (name): [string, string] => [name, 'DELETE'],
    ),
    ...['x-original-url', 'x-rewrite-url', 'x-forwarded-uri'].map((name): [string, string] => [
      name,
      '/livez',
    ]),
    ...['x-user-id', 'x-forwarded-user', 'x-remote-user'].map((name): [string, string] => [name, admin.id]),
    ['x-role', 'admin'],
    ['cookie', `token=${admin.token}; accessToken=${admin.token}`],
  ]
  for (const [name, value] of headers) {
    const options = { token: other.token, headers: { [name]: value } }
    t.equal((await call('GET', '/v1/users', options)).status, 403, `${name}: the role`)
    t.equal((await call('GET', '/v1/users/me', options)).body.data.id, other.id, `${name}: who it is`)
    t.equal((await call('GET', '/v1/users/me', { headers: { [name]: value } })).status, 401, `${name} alone`)
    t.equal((await call('GET', `/v1/orders/${orderId}`, options)).status, 404, `${name}: what is not his`)
  }
  const { status } = await call('GET', `/v1/users?access_token=${admin.token}`)
  t.equal(status, 401, 'a token in the address')
  t.strictSame(changedTables(before, await takeSnapshot(sql)), [])
})

t.test('an id in capitals is the same id, and a cursor is of use to its caller alone', async (t) => {
  const { owner, other, admin, orderId } = await setStage()
  await setStage()
  const order = `/v1/orders/${orderId.toUpperCase()}`
  const session = `/v1/auth/sessions/${owner.sessionId.toUpperCase()}`
  t.equal((await call('GET', order, { token: owner.token })).status, 200)
  t.equal((await call('GET', order, { token: other.token })).status, 404)
  t.equal((await call('DELETE', session, { token: other.token })).status, 404)
  t.equal((await call('DELETE', session, { token: admin.token })).status, 404)
  const all = await call('GET', '/v1/orders?limit=1', { token: admin.token })
  const next = `/v1/orders?limit=1&cursor=${all.body.meta.nextCursor}`
  t.equal((await call('GET', next, { token: admin.token })).status, 200)
  t.equal((await call('GET', next, { token: other.token })).status, 400)
  t.equal((await call('DELETE', session, { token: owner.token })).status, 204)
  t.equal((await call('GET', order, { token: owner.token })).status, 401, 'it was this very session')
})

t.test('what is cached is for those alone who may ask', async (t) => {
  const { owner, other } = await setStage()
  const path = `/v1/users/${owner.id}`
  await until('the profile in the cache', async () => {
    const { headers } = await call('GET', path, { token: other.token })
    return headers.get('x-cache') === 'HIT'
  })
  for (const token of [undefined, `${other.token}x`]) {
    const { status, headers } = await call('GET', path, token === undefined ? {} : { token })
    t.equal(status, 401)
    t.equal(headers.get('x-cache'), null)
  }
})
