import t from 'tap'
import { createWorld, type Pod, startPod } from '../../support/app.js'
import { createProduct, registerAdmin, registerUser, unique } from '../../support/factories.js'
import { sendRaw } from '../../support/raw.js'
import { until } from '../../support/until.js'

const linesOf = ({ log }: Pod, requestId: string | null) =>
  log.filter((line) => line['requestId'] === requestId)

/** The one line of an answered request; a second one would come with the same answer. */
const lineOf = async (pod: Pod, requestId: string | null) => {
  await until('the log line', () => linesOf(pod, requestId).length > 0)
  const after = await pod.call('GET', '/livez')
  await until('a later line', () => linesOf(pod, after.headers.get('x-request-id')).length > 0)
  return linesOf(pod, requestId)
}

t.test('a request id that is well formed is taken over, another is replaced', async (t) => {
  const { call, url } = await startPod(t, await createWorld(t))
  const idFor = async (id: string) =>
    (await call('GET', '/livez', { headers: { 'x-request-id': id } })).headers.get('x-request-id')
  for (const id of ['client-1', 'a.b_c-d.1234', 'x'.repeat(128), '01a2040e-1059-70da-9c15-67196a3566a4']) {
    t.equal(await idFor(id), id)
  }
  for (const id of ['short', 'x'.repeat(129), 'has blanks in it', '<script>alert(1)', '{"$ne":null}', '']) {
    t.match(await idFor(id), /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/, `not ${id}`)
  }
  const two =
    'GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: first-one\r\nx-request-id: other-one\r\n\r\n'
  t.match((await sendRaw(url, two)).headers.get('x-request-id'), /^[\da-f]{8}-/, 'nor two of them')
})

t.test('one structured line a request', async (t) => {
  const pod = await startPod(t, await createWorld(t))
  const { call } = pod
  const ada = await registerUser(call)
  const { token } = ada
  const cases: [string, string, { token?: string; body?: unknown }, string | null, number][] = [
    ['GET', '/livez', {}, '/livez', 200],
    ['HEAD', '/livez', {}, '/livez', 200],
    ['GET', '/v1/users/me', { token }, '/v1/users/me', 200],
    ['GET', `/v1/users/${ada.id}`, { token }, '/v1/users/:id', 200],
    ['GET', '/v1/users/42', { token }, '/v1/users/:id', 400],
    ['GET', '/v1/users/me', {}, '/v1/users/me', 401],
    ['GET', '/v1/products?limit=1', {}, '/v1/products', 200],
    ['POST', '/v1/products', { token, body: {} }, '/v1/products', 403],
    ['GET', '/nowhere?q=x', {}, null, 404],
    ['PUT', '/v1/orders', {}, '/v1/orders', 405],
    ['POST', '/v1/auth/login', { body: '{' }, '/v1/auth/login', 400],
    ['GET', '/%E0%A4%A', {}, null, 400],
    ['GET', '/docs', {}, '/docs', 200],
  ]
  for (const [method, path, options, route, status] of cases) {
    const { headers } = await call(method, path, options)
    const requestId = headers.get('x-request-id')
    const lines = await lineOf(pod, requestId)
    t.equal(lines.length, 1, `${method} ${path}: one line`)
    t.match(lines[0], { level: 30, process: 'api', requestId, method, route, status, ms: Number })
    const known = options.token !== undefined ? ada.id : undefined
    t.equal(lines[0]?.['userId'], known, `${method} ${path}: user`)
  }
})

t.test('no line has a secret or personal data', async (t) => {
  const world = await createWorld(t)
  const pod = await startPod(t, world)
  const { call } = pod
  const password = 'Correct-Horse-Battery-77'
  const email = `${unique('somebody')}@example.com`
  await call('POST', '/v1/auth/register', { body: { email, password, name: 'Zaphod Quux' } })
  await call('POST', '/v1/auth/register', { body: { email, password, name: 'Zaphod Quux' } })
  await call('POST', '/v1/auth/login', { body: { email, password: `${password}-wrong` } })
  const { body } = await call('POST', '/v1/auth/login', { body: { email, password } })
  const { accessToken: token, refreshToken } = body.data
  const product = await createProduct(call, await registerAdmin(call, world))
  const items = [{ productId: product.id, quantity: 1 }]
  const order = await call('POST', '/v1/orders', { token, body: { items } })
  t.equal(order.status, 201)
  await call('GET', '/v1/orders?limit=1&hush=query-secret', { token })
  await call('GET', '/v1/users/me', { token: `${token}x` })
  await call('GET', '/v1/users/me', { headers: { authorization: 'Basic c2VjcmV0LWJhc2lj' } })
  await world.database.sql`alter table orders rename to elsewhere`
  const failed = await call('POST', '/v1/orders', { token, body: { items } })
  t.equal(failed.status, 500)
  await lineOf(pod, failed.headers.get('x-request-id'))

  const written = JSON.stringify(pod.log)
  const signature = String(token).split('.')[2] ?? ''
  const secrets = { email, password, token, signature, refreshToken }
  for (const [what, secret] of Object.entries(secrets)) t.notOk(written.includes(secret), `no ${what}`)
  for (const text of [
    'Zaphod',
    'c2VjcmV0',
    'query-secret',
    'hush',
    '@example.com',
    'argon2',
    'uthorization',
  ]) {
    t.notOk(written.includes(text), `no ${text}`)
  }
  t.notMatch(written, /eyJ[\w-]+\.[\w-]+/, 'no token of any kind')
})
