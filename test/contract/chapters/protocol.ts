import type { Test } from 'tap'
import { isProblem } from '../support/problem.js'
import { type Scene, UNKNOWN_ID } from '../support/scene.js'
import { faultyPaths, isSuccess } from '../support/shapes.js'

/** A byte more than a body may have, and JSON all the same. */
const TOO_LARGE = JSON.stringify({ items: 'x'.repeat(1_048_577 - 12) })

const bodies = async (t: Test, { call, ada }: Scene): Promise<void> => {
  const { token } = ada
  const send = (body: string, headers: Readonly<Record<string, string>> = {}) =>
    call('POST', '/v1/orders', { token, body, headers })

  await t.test('a body that is no JSON is not valid', async (t) => {
    for (const body of ['{"items":', '{}{}', 'items=1', '"text"', '', '{"__proto__": {"role": "admin"}}']) {
      const answer = await send(body)
      isProblem(t, answer, { status: 400, code: 'validation_failed', instance: '/v1/orders' }, body)
      t.ok(faultyPaths(answer).length > 0, `${body}: says where`)
    }
    isProblem(
      t,
      await call('POST', '/v1/orders', { token }),
      { status: 400, code: 'validation_failed' },
      'no body',
    )
  })

  await t.test('a body that is too large is not read', async (t) => {
    isProblem(t, await send(TOO_LARGE), { status: 413, code: 'payload_too_large', instance: '/v1/orders' })
    isProblem(t, await send(TOO_LARGE.replace('xxxxxxxxxxxxx', '')), {
      status: 400,
      code: 'validation_failed',
    })
  })

  await t.test('a body of another kind is not taken', async (t) => {
    const unsupported = { status: 415, code: 'unsupported_media_type' }
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded']) {
      isProblem(t, await send('{}', { 'content-type': type }), unsupported, type)
    }
    isProblem(t, await send('{}', { 'content-encoding': 'br' }), unsupported, 'an encoded one')
    const named = await send('{}', { 'content-type': 'Application/JSON; charset=utf-8' })
    isProblem(t, named, { status: 400, code: 'validation_failed' }, 'JSON in other words')
  })
}

const routes = async (t: Test, { call, ada }: Scene): Promise<void> => {
  await t.test('an unknown address is not found, whoever asks', async (t) => {
    for (const path of ['/nowhere', '/v1/nowhere', '/v1/users/me/more', `/v1/orders/${UNKNOWN_ID}/more`]) {
      isProblem(
        t,
        await call('GET', `${path}?token=x`),
        { status: 404, code: 'not_found', instance: path },
        path,
      )
    }
    isProblem(t, await call('POST', '/nowhere', { token: ada.token, body: {} }), {
      status: 404,
      code: 'not_found',
    })
  })

  await t.test('an address is spelt in one way', async (t) => {
    const notFound = { status: 404, code: 'not_found' }
    for (const path of ['/v1/users/me/', '/V1/products', '/v1//products', '/livez/']) {
      isProblem(t, await call('GET', path), { ...notFound, instance: path }, path)
    }
    const broken = await call('GET', '/v1/products/%zz')
    isProblem(t, broken, { status: 400, code: 'bad_request' }, 'a broken encoding')
    const long = await call('GET', `/v1/products/${'x'.repeat(201)}`)
    const invalid = { status: 400, code: 'validation_failed' }
    const tooLong = { status: 414, code: 'uri_too_long' }
    isProblem(
      t,
      long,
      long.status === 414 ? tooLong : invalid,
      'a parameter that is no id, or too long to tell',
    )
  })

  await t.test('a wrong method is refused, and the right ones are named', async (t) => {
    for (const [method, path, allowed] of [
      ['PUT', '/v1/products', 'POST'],
      ['DELETE', '/v1/orders', 'POST'],
      ['GET', '/v1/auth/login', 'POST'],
      ['PUT', `/v1/orders/${UNKNOWN_ID}`, 'GET'],
      ['GET', `/v1/orders/${UNKNOWN_ID}/cancel`, 'POST'],
      ['POST', '/livez', 'GET'],
    ] as const) {
      const answer = await call(method, path)
      isProblem(t, answer, { status: 405, code: 'method_not_allowed', instance: path }, `${method} ${path}`)
      const named = answer.headers.get('allow')?.split(/, ?/) ?? []
      t.ok(named.includes(allowed) && !named.includes(method), `${method} ${path}: ${named}`)
    }
  })

  await t.test('HEAD goes with its GET', async (t) => {
    for (const path of ['/v1/products', '/livez']) {
      const { status, text } = await call('HEAD', path)
      t.strictSame([status, text], [200, ''], path)
    }
    t.equal((await call('HEAD', '/v1/users/me')).status, 401)
  })
}

const requestIds = async (t: Test, { call }: Scene): Promise<void> => {
  await t.test('a request has an id: the caller’s own when it is well formed', async (t) => {
    const ask = (id: string) => call('GET', '/nowhere', { headers: { 'x-request-id': id } })
    const own = await ask('my-request.0001')
    t.equal(own.headers.get('x-request-id'), 'my-request.0001')
    t.equal(own.body.requestId, 'my-request.0001')
    for (const id of ['short', 'with spaces in it', 'x'.repeat(129)]) {
      isProblem(t, await ask(id), { status: 404, code: 'not_found' }, id)
      t.not((await ask(id)).headers.get('x-request-id'), id)
    }
    const [one, other] = [await call('GET', '/livez'), await call('GET', '/livez')]
    t.not(one.headers.get('x-request-id'), other.headers.get('x-request-id'))
  })
}

const health = async (t: Test, { call }: Scene): Promise<void> => {
  await t.test('the service lives and is ready', async (t) => {
    for (const path of ['/livez', '/readyz']) {
      const answer = await call('GET', path)
      isSuccess(t, answer, 200)
      t.strictSame(answer.body, { data: { status: 'ok' } })
      isProblem(t, await call('GET', `${path}?verbose=1`), { status: 400, code: 'validation_failed' }, path)
    }
  })

  await t.test('no answer says more of the service than it must', async (t) => {
    const { headers } = await call('GET', '/livez')
    t.equal(headers.get('x-powered-by'), null)
    t.equal(headers.get('cache-control'), 'no-store')
  })
}

/** What is true of every route. */
export const protocol = async (t: Test, scene: Scene): Promise<void> => {
  await bodies(t, scene)
  await routes(t, scene)
  await requestIds(t, scene)
  await health(t, scene)
}
