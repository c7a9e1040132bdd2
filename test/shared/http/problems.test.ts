import t from 'tap'
import { type CallOptions, createWorld, startPod } from '../../support/app.js'
import { registerUser, unique } from '../../support/factories.js'
import { isProblem } from '../../support/problem.js'
import { sendRaw } from '../../support/raw.js'

const deep = (open: string, core: string, close: string) =>
  open.repeat(100_000) + core + close.repeat(100_000)

t.test('what is wrong with a request is told as a problem', async (t) => {
  const world = await createWorld(t)
  const { call, url, log } = await startPod(t, world)
  const { token } = await registerUser(call)

  await t.test('an unknown address is 404, whatever is sent to it', async (t) => {
    const unknown = { status: 404, code: 'not_found' }
    isProblem(t, await call('GET', '/nowhere?token=secret'), { ...unknown, instance: '/nowhere' })
    isProblem(t, await call('GET', '/v1/users/me/more'), unknown, 'below a route')
    isProblem(t, await call('POST', '/nowhere', { body: '{' }), unknown, 'broken JSON')
    isProblem(t, await call('POST', '/nowhere', { body: 'x'.repeat(2e6) }), unknown, 'a large body')
    const headers = { 'content-type': 'text/plain' }
    isProblem(t, await call('POST', '/nowhere', { body: 'x', headers }), unknown, 'a wrong media type')
    const head = await call('HEAD', '/nowhere')
    t.equal(head.status, 404)
    t.equal(head.text, '')
  })

  await t.test('an address that lacks a parameter is unknown, to whoever calls', async (t) => {
    const unknown = { status: 404, code: 'not_found' }
    for (const [method, path] of [
      ['GET', '/v1/products/'],
      ['PUT', '/v1/products/'],
      ['GET', '/v1/orders/'],
      ['POST', '/v1/orders//cancel'],
      ['GET', '/v1/uploads//content'],
      ['GET', '/v1/webhooks/00000000-0000-7000-8000-000000000000/deliveries/'],
      ['GET', '/v1/media/'],
      ['GET', '/v1/admin/queues//failed'],
      ['GET', '/admin/queues/queue/'],
    ] as const) {
      isProblem(t, await call(method, path), { ...unknown, instance: path }, `${method} ${path}`)
      isProblem(t, await call(method, path, { token }), unknown, `${method} ${path}, signed in`)
    }
    const head = await call('HEAD', '/v1/products/')
    t.equal(head.status, 404)
  })

  await t.test('a wrong method is 405 with the right ones', async (t) => {
    const wrong = { status: 405, code: 'method_not_allowed' }
    const cases: [string, string, string][] = [
      ['GET', '/v1/auth/login', 'POST'],
      ['PUT', '/v1/orders', 'GET, HEAD, POST'],
      ['POST', '/v1/users/me', 'DELETE, GET, HEAD, PATCH'],
      ['DELETE', '/v1/users/00000000-0000-7000-8000-000000000000', 'GET, HEAD, PATCH'],
      ['POST', '/v1/products/no-uuid', 'DELETE, GET, HEAD, PATCH'],
      ['OPTIONS', '/v1/products', 'GET, HEAD, POST'],
      ['POST', '/livez', 'GET, HEAD'],
      ['DELETE', '/openapi.json', 'GET, HEAD'],
    ]
    for (const [method, path, allowed] of cases) {
      const answer = await call(method, path)
      isProblem(t, answer, { ...wrong, instance: path }, `${method} ${path}`)
      t.equal(answer.headers.get('allow')?.split(', ').sort().join(', '), allowed)
    }
    const trace = 'TRACE /v1/products HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'
    isProblem(t, await sendRaw(url, trace), wrong, 'TRACE')
    isProblem(t, await call('PUT', '/v1/auth/login', { body: '{' }), wrong, 'before the body is read')
    for (const path of ['/v1/products', '/livez', '/openapi.json', '/docs']) {
      const head = await call('HEAD', path)
      t.equal(head.status, 200, `HEAD ${path}`)
      t.equal(head.text, '')
    }
  })

  await t.test('a body that cannot be read', async (t) => {
    const login = (options: CallOptions) => call('POST', '/v1/auth/login', options)
    const invalid = { status: 400, code: 'validation_failed', instance: '/v1/auth/login' }
    const bodies: Record<string, string> = {
      'broken JSON': '{"email":',
      empty: '',
      'no object': '"text"',
      'two values': '{}{}',
      __proto__: '{"__proto__": {"role": "admin"}}',
      'constructor.prototype': '{"constructor": {"prototype": {"role": "admin"}}}',
      'deep lists': deep('[', '', ']'),
      'deep objects': deep('{"a":', '1', '}'),
      'deep in a field': `{"email": ${deep('[', '', ']')}, "password": "x"}`,
      '__proto__ in the deep': deep('{"a":', '{"__proto__": 1}', '}'),
      'many keys': `{${Array.from({ length: 50_000 }, (_, n) => `"k${n}":0`).join()}}`,
      'a byte order mark': '\ufeff{}',
    }
    for (const [what, body] of Object.entries(bodies)) {
      const answer = await login({ body })
      isProblem(t, answer, invalid, what)
      t.ok(answer.body.errors.length > 0, `${what}: says where`)
      t.ok(answer.text.length < 5_000, `${what}: is not echoed at length (${answer.text.length})`)
    }
    isProblem(t, await login({}), invalid, 'no body')
    t.notOk('role' in {}, 'nothing reached Object.prototype')

    const unsupported = { status: 415, code: 'unsupported_media_type' }
    for (const type of [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      '///',
      'json',
    ]) {
      const headers = { 'content-type': type }
      isProblem(t, await login({ body: '{}', headers }), unsupported, type)
    }
    const large = JSON.stringify({ email: 'x'.repeat(2 * 1024 * 1024) })
    isProblem(t, await login({ body: large }), { status: 413, code: 'payload_too_large' })
  })

  await t.test('an address that cannot be read', async (t) => {
    const get = (path: string) => call('GET', path, { token })
    const badRequest = { status: 400, code: 'bad_request' }
    isProblem(t, await get('/v1/users/%E0%A4%A?q=1'), { ...badRequest, instance: '/v1/users/%E0%A4%A' })
    isProblem(t, await get('/%'), badRequest, 'a lone percent sign')
    isProblem(t, await get(`/v1/users/${'a'.repeat(300)}`), { status: 414, code: 'uri_too_long' })
    isProblem(t, await get('/v1/users/%00'), { status: 400, code: 'validation_failed' }, 'NUL in a parameter')
    isProblem(t, await get('/v1/%00'), { status: 404, code: 'not_found' }, 'NUL in a path')

    const invalid = { status: 400, code: 'validation_failed', instance: '/v1/products' }
    const cursorOf = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url')
    const queries: Record<string, string> = {
      '2,000 parameters': Array.from({ length: 2_000 }, (_, n) => `k${n}=`).join('&'),
      'an unknown parameter': 'colour=red',
      'a parameter twice': 'limit=1&limit=2',
      'a limit of 0': 'limit=0',
      'a limit of 101': 'limit=101',
      'no number': 'limit=ten',
      'a number in another spelling': 'limit=020',
      'a huge number': 'limit=1e999',
      __proto__: '__proto__=1&constructor=2',
      'NUL in a cursor': 'cursor=%00',
      'no cursor': 'cursor=hello',
      'an empty cursor': 'cursor=',
      'a cursor of something else': `cursor=${cursorOf({ id: 1 })}`,
      'a cursor of another list': `cursor=${cursorOf(['x', '00000000-0000-7000-8000-000000000000'])}`,
      'a long cursor': `cursor=${'A'.repeat(501)}`,
    }
    for (const [what, query] of Object.entries(queries)) {
      const answer = await get(`/v1/products?${query}`)
      isProblem(t, answer, invalid, what)
      t.ok(answer.text.length < 5_000, `${what}: is not echoed at length (${answer.text.length})`)
    }
    const many = 'a&'.repeat(10_000)
    isProblem(t, await get(`/v1/products?${many}`), { status: 431, code: 'headers_too_large' })
  })

  await t.test('characters that Postgres or UTF-8 do not have', async (t) => {
    const countUsers = async () => (await world.database.sql`select from users`).length
    const before = await countUsers()
    const register = (fields: string) => call('POST', '/v1/auth/register', { body: `{${fields}}` })
    const invalid = { status: 400, code: 'validation_failed' }
    const password = '"password": "correct horse battery staple"'
    const email = `"email": "${unique('x')}@example.com"`
    for (const name of ['a\\u0000b', 'a\\ud800', '\\udc00b', 'a\\u001b[31m']) {
      isProblem(t, await register(`${email}, ${password}, "name": "${name}"`), invalid, `name ${name}`)
    }
    for (const address of ['a\\u0000@example.com', 'a\\ud800@example.com']) {
      isProblem(t, await register(`"email": "${address}", ${password}, "name": "A"`), invalid, address)
    }
    t.equal(await countUsers(), before, 'nothing was written')

    const broken = '"password": "correct \\ud800 horse battery"'
    isProblem(t, await register(`${email}, ${broken}, "name": "A"`), invalid, 'a broken password')
    const odd = '"password": "correct horse \\u0000 battery"'
    t.equal((await register(`${email}, ${odd}, "name": "A \\ud83d\\ude00"`)).status, 201, 'a password may')
    const { status } = await call('POST', '/v1/auth/login', { body: `{${email}, ${odd}}` })
    t.equal(status, 200)
  })

  await t.test('a fault that a library found is the client’s, with its own status', async (t) => {
    const path = '/docs/static/swagger-ui.css'
    const cases: [Record<string, string>, number, string][] = [
      [{ range: 'bytes=99999999-' }, 416, 'range_not_satisfiable'],
      [{ 'if-match': '"other"' }, 412, 'precondition_failed'],
    ]
    for (const [headers, status, code] of cases) {
      const answer = await call('GET', path, { headers })
      t.equal(answer.status, status, code)
      t.equal(answer.body.code, code)
    }
    const zipped = await call('POST', '/v1/auth/login', {
      body: '{}',
      headers: { 'content-encoding': 'gzip' },
    })
    t.equal(zipped.status, 415)
    t.equal(zipped.body.code, 'unsupported_media_type')
    t.notOk(log.some(({ level }) => Number(level) >= 40))
  })

  await t.test('the instance is the path and no more', async (t) => {
    for (const target of ['/v1/nope?a=secret', '/v1/nope#secret', 'http://secret.example/v1/nope']) {
      const { status, body } = await sendRaw(
        url,
        `GET ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
      )
      t.equal(status, 404, target)
      t.equal(body.instance, '/v1/nope', target)
    }
  })
})
