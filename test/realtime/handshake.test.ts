import { connect } from 'node:net'
import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { createCrowd, nth } from '../support/crowd.js'
import { registerUser } from '../support/factories.js'
import { startOtlp } from '../support/otlp.js'
import { isProblem } from '../support/problem.js'
import { sendRaw } from '../support/raw.js'
import { sessionIdOf } from '../support/sessions.js'
import { askForSocket, openSocket, type SocketOptions } from '../support/sockets.js'
import { until } from '../support/until.js'

/** One more than listeners that may stay on a connection. */
const ROUNDS = 12
const SHOP = 'https://shop.example'

/** A handshake as text, with other lines in place of its own. */
const handshake = (token: string, lines: Readonly<Record<string, string>> = {}, path = '/v1/realtime') => {
  const headers = {
    host: 'localhost',
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    authorization: `Bearer ${token}`,
    ...lines,
  }
  const text = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${text.join('')}\r\n`
}

/** They share a pod, but for those of the limits. */
t.test('handshakes', async (t) => {
  const otlp = await startOtlp(t)
  const world = await createWorld(t, { REALTIME_ORIGINS: SHOP, OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url })
  const pod = await startPod(t, world)
  const ada = await registerUser(pod.call)

  await t.test('the token is in the header or in the protocols', async (t) => {
    const byHeader = await openSocket(t, pod.url, { token: ada.token })
    t.equal(await byHeader.begun(), '0')
    t.equal(byHeader.socket.protocol, '')
    const byProtocol = await openSocket(t, pod.url, { protocols: ['bearer', ada.token] })
    t.equal(await byProtocol.begun(), '0')
    t.equal(byProtocol.socket.protocol, 'bearer', 'and the token is not sent back')
    t.equal(byProtocol.socket.extensions, '', 'nothing is compressed')
    const page = await openSocket(t, pod.url, { token: ada.token, headers: { origin: SHOP } })
    t.equal(await page.begun(), '0')
    t.match(page.messages, [{ type: 'ready', id: '0' }])
    const opened = pod.log.filter(({ msg }) => msg === 'socket opened')
    t.match(opened, [{ userId: ada.id, requestId: String }, {}, {}])
    t.notMatch(JSON.stringify(pod.log), ada.token, 'the token is in no log line')

    await t.test('each is a request that was answered: in a metric, a span and a line', async (t) => {
      const port = pod.log.find(({ msg }) => msg === 'metrics and health are served')?.['port']
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      t.match(metrics, 'unnest_http_request_seconds_count{route="/v1/realtime",method="GET",status="1xx"} 3')
      t.notMatch(metrics, /route="\/v1\/realtime".*status="abandoned"/)
      const lines = pod.log.filter(({ msg, route }) => msg === 'request' && route === '/v1/realtime')
      t.match(lines, [{ status: 101, userId: ada.id }, { status: 101 }, { status: 101 }])
      const spans = await until('the spans', () => {
        const found = otlp.spans.filter(({ name }) => name === 'GET /v1/realtime')
        return found.length === 3 && found
      })
      for (const span of spans)
        t.match(span, { failed: false, attributes: { 'http.response.status_code': 101 } })
    })
  })

  await t.test('whoever may not come in is told so before the upgrade, as every error is', async (t) => {
    const ended = nth(await createCrowd(world, pod.app, 1), 0)
    await pod.call('POST', '/v1/auth/logout', { token: ended.token })
    const { token } = ada
    const refusals: readonly [string, SocketOptions, number, string][] = [
      ['no token', {}, 401, 'unauthenticated'],
      ['nonsense', { token: 'x.y.z' }, 401, 'unauthenticated'],
      ['a changed token', { token: `${token.slice(0, -4)}AAAA` }, 401, 'unauthenticated'],
      ['one whose session has ended', { token: ended.token }, 401, 'unauthenticated'],
      ['nonsense as a protocol', { protocols: ['bearer', 'nonsense'] }, 401, 'unauthenticated'],
      ['no token as a protocol', { protocols: ['bearer'] }, 401, 'unauthenticated'],
      ['two tokens as protocols', { protocols: ['bearer', token, 'x'] }, 401, 'unauthenticated'],
      [
        'a page of another origin',
        { token, headers: { origin: 'https://evil.example' } },
        403,
        'origin_not_allowed',
      ],
      ['no origin', { token, headers: { origin: 'null' } }, 403, 'origin_not_allowed'],
      ['an id that is none', { token, lastEventId: '-1' }, 400, 'validation_failed'],
      ['an id with more behind it', { token, lastEventId: '1&access_token=x' }, 400, 'validation_failed'],
      ['an id beyond all numbers', { token, lastEventId: '9999999999999999' }, 400, 'validation_failed'],
    ]
    for (const [what, options, status, code] of refusals) {
      const answer = await askForSocket(t, pod.url, options)
      isProblem(t, answer, { status, code, instance: '/v1/realtime' }, what)
      if (status === 401) t.equal(answer.headers.get('www-authenticate'), 'Bearer', what)
    }
    const { sql } = world.database
    const going = await sql`select id from sessions where id = ${sessionIdOf(token)} and ended_at is null`
    t.equal(going.length, 1)
  })

  await t.test('what is no WebSocket handshake is told what is', async (t) => {
    const plain = await pod.call('GET', '/v1/realtime', { token: ada.token })
    isProblem(t, plain, { status: 426, code: 'upgrade_required' })
    t.equal(plain.headers.get('upgrade'), 'websocket')
    t.equal((await pod.call('GET', '/v1/realtime')).status, 401, 'but first who asks')

    const old = await sendRaw(pod.url, handshake(ada.token, { 'sec-websocket-version': '8' }))
    isProblem(t, old, { status: 426, code: 'upgrade_required' }, 'an old version')
    t.equal(old.headers.get('sec-websocket-version'), '13')
    const key = await sendRaw(pod.url, handshake(ada.token, { 'sec-websocket-key': 'short' }))
    isProblem(t, key, { status: 400, code: 'bad_request' }, 'a key that is none')
    for (const protocols of ['a b', 'chat,,x', 'chat, chat', '']) {
      const lines = { 'sec-websocket-protocol': protocols }
      const bad = await sendRaw(pod.url, handshake(ada.token, lines))
      isProblem(t, bad, { status: 400, code: 'bad_request' }, `protocols: ${protocols}`)
    }
    const before = handshake(ada.token).replace('HTTP/1.1', 'HTTP/1.0').replace('Upgrade', 'Upgrade, close')
    isProblem(t, await sendRaw(pod.url, before), { status: 426, code: 'upgrade_required' }, 'HTTP/1.0')
    for (const path of ['/v1/products', '/livez']) {
      const served = await sendRaw(pod.url, handshake(ada.token, { connection: 'Upgrade, close' }, path))
      t.equal(served.status, 200, `${path} is served as if nothing had been asked`)
    }
    const nowhere = await sendRaw(
      pod.url,
      handshake(ada.token, { connection: 'Upgrade, close' }, '/v1/nowhere'),
    )
    isProblem(t, nowhere, { status: 404, code: 'not_found' }, 'nowhere')
  })

  await t.test(
    'an offer of HTTP/2 is ignored, with the body and what follows on the connection',
    async (t) => {
      const body = JSON.stringify({ name: 'Ada, who has an offer for it' })
      const offer =
        'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n'
      const lines = `host: localhost\r\nauthorization: Bearer ${ada.token}\r\n${offer}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
      const socket = connect(Number(new URL(pod.url).port), '127.0.0.1')
      t.teardown(() => socket.destroy())
      let received = ''
      socket.on('data', (chunk) => {
        received += String(chunk)
      })
      const warnings: Error[] = []
      const warn = (warning: Error) => void warnings.push(warning)
      process.on('warning', warn)
      t.teardown(() => process.off('warning', warn))
      for (let round = 1; round <= ROUNDS; round += 1) {
        // In pieces, as a network may deliver it.
        socket.write(`PATCH /v1/users/me HTTP/1.1\r\n${lines}`)
        socket.write(body.slice(0, 9))
        await until('the pieces to be sent', () => socket.writableLength === 0)
        socket.write(body.slice(9))
        await until(
          `answer ${round}`,
          () => received.split('"Ada, who has an offer for it"').length === round + 1,
        )
      }
      t.equal(received.split('HTTP/1.1 200 OK').length, ROUNDS + 1)
      t.strictSame(warnings, [], 'nothing heaps up on the connection')
    },
  )

  await t.test(
    'a handshake behind a request that is not answered yet ends the connection, and nothing else',
    async (t) => {
      const login = JSON.stringify({ email: ada.email, password: ada.password })
      const slow = `POST /v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${login.length}\r\n\r\n${login}`
      const answers = [
        handshake(ada.token),
        handshake(ada.token, {}, '/livez'),
        handshake(ada.token, { upgrade: 'h2c' }),
      ]
      for (const second of answers) t.match(await sendRaw(pod.url, slow + second), { text: '' }, 'cut off')
      t.equal((await pod.call('GET', '/livez')).status, 200)
    },
  )

  await t.test('there are as many sockets as a user, and a pod, may have', async (t) => {
    const limits = { REALTIME_SOCKETS_PER_USER: '2', REALTIME_SOCKETS_PER_POD: '3' }
    const { url } = await startPod(t, { ...world, env: { ...world.env, ...limits } })
    const crowd = await createCrowd(world, pod.app, 2)
    const [bob, eve] = [nth(crowd, 0), nth(crowd, 1)]
    const sockets = [
      await openSocket(t, url, { token: ada.token }),
      await openSocket(t, url, { token: ada.token }),
    ]
    const third = await askForSocket(t, url, { token: ada.token })
    isProblem(t, third, { status: 429, code: 'too_many_sockets' })
    t.equal(third.headers.get('retry-after'), '30')
    await openSocket(t, url, { token: bob.token })
    const full = await askForSocket(t, url, { token: eve.token })
    isProblem(t, full, { status: 503, code: 'unavailable' })
    t.equal(full.headers.get('retry-after'), '1')
    sockets[0]?.socket.close()
    await sockets[0]?.closed
    const again = await openSocket(t, url, { token: eve.token })
    t.equal(await again.begun(), '0', 'a closed one makes room')
  })

  await t.test('knocking is counted like any request', async (t) => {
    const world = await createWorld(t, { RATE_LIMIT_PER_MINUTE: '12' })
    const { app, url } = await startPod(t, world)
    const bob = nth(await createCrowd(world, app, 1), 0)
    const statuses: number[] = []
    for (let knock = 0; knock < 14; knock += 1)
      statuses.push((await askForSocket(t, url, { token: 'x.y.z' })).status)
    t.equal(statuses.at(0), 401)
    t.equal(statuses.at(-1), 429)
    const own = await openSocket(t, url, { token: bob.token })
    t.equal(await own.begun(), '0', 'a user who is signed in is counted for himself')
  })
})
