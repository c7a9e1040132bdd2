import { createServer, type RequestListener } from 'node:http'
import { createServer as createRawServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { Test } from '../../support/environment.js'
import { failureOf, openOutbound, post } from '../../support/outbound.js'
import { startPartner } from '../../support/partner.js'
import { until } from '../../support/until.js'

const serve = async (t: Test, onRequest: RequestListener) => {
  const partner = await startPartner(t, createServer(onRequest))
  return { ...partner, url: `http://partner.example:${partner.port}/hook?a=1` }
}

/** Says the same to everybody, as soon as anything came. */
const serveRaw = async (t: Test, say: (socket: Socket) => void) => {
  const partner = await startPartner(
    t,
    createRawServer((socket) => socket.once('data', () => say(socket))),
  )
  return { ...partner, url: `http://partner.example:${partner.port}/hook` }
}

/** Writes as fast as it is taken, until the other side is gone. */
const writeForEver = (socket: Socket, text: string): void => {
  const write = () => {
    while (!socket.destroyed && socket.write(text));
  }
  socket.on('drain', write)
  write()
}

t.test('the request is a POST of exactly these bytes, under the name of its host', async (t) => {
  const bytes = Buffer.from([0, 255, 195, 40, 10])
  const partner = await serve(t, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const seen = { ...request.headers, method: request.method, path: request.url }
      response.writeHead(202, { 'retry-after': '7', 'set-cookie': ['a=1', 'b=2'] })
      response.end(JSON.stringify({ ...seen, hex: Buffer.concat(chunks).toString('hex') }))
    })
  })
  const headers = { 'content-type': 'application/json', 'accept-encoding': 'gzip' }
  const answer = await post(openOutbound(t), { url: partner.url, headers, body: bytes })
  t.match(answer, {
    status: 202,
    truncated: false,
    headers: { 'retry-after': '7', 'set-cookie': 'a=1, b=2' },
  })
  t.ok(Number.isSafeInteger(answer.durationMs) && answer.durationMs >= 0)
  t.match(JSON.parse(answer.body), {
    method: 'POST',
    path: '/hook?a=1',
    host: `partner.example:${partner.port}`,
    'content-type': 'application/json',
    'content-length': '5',
    'accept-encoding': 'identity',
    hex: bytes.toString('hex'),
  })
})

t.test('an answer of any status is an answer', async (t) => {
  let status = 200
  const partner = await serve(t, (_request, response) => response.writeHead(status).end())
  const outbound = openOutbound(t)
  for (status of [200, 204, 304, 400, 410, 429, 500, 503, 599]) {
    t.match(await post(outbound, { url: partner.url }), { status, body: '', truncated: false })
  }
})

t.test('a body is kept up to its limit, in text that Postgres takes', async (t) => {
  let body: Buffer = Buffer.alloc(0)
  const partner = await serve(t, (_request, response) => response.end(body))
  const outbound = openOutbound(t)
  const keep = async (bytes: Buffer, maxResponseBytes = 1_024) => {
    body = bytes
    const answer = await post(outbound, { url: partner.url, maxResponseBytes })
    return [answer.body, answer.truncated]
  }
  const text = (length: number) => 'x'.repeat(length)
  t.strictSame(await keep(Buffer.from(text(1_024))), [text(1_024), false], 'exactly the limit')
  t.strictSame(await keep(Buffer.from(text(1_025))), [text(1_024), true], 'one more')
  t.strictSame(await keep(Buffer.from('né'), 2), ['n', true], 'a character is not cut in half')
  t.strictSame(await keep(Buffer.from('n\u{1F680}!'), 4), ['n', true])
  t.strictSame(await keep(Buffer.from([0x61, 0x00, 0x62])), ['a\u{FFFD}b', false], 'NUL')
  t.strictSame(
    await keep(Buffer.from([0xed, 0xa0, 0x80, 0x61])),
    [`${'\u{FFFD}'.repeat(3)}a`, false],
    'surrogate',
  )
  t.strictSame(
    await keep(Buffer.from([0x61, 0xc3])),
    ['a\u{FFFD}', false],
    'half a character that was sent so',
  )
})

t.test('a compressed body stays compressed', async (t) => {
  const bomb = gzipSync(Buffer.alloc(20_000_000))
  const partner = await serve(t, (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  )
  const answer = await post(openOutbound(t), { url: partner.url })
  t.match(answer, { status: 200, truncated: true })
  t.ok(answer.body.length <= 1_024)
})

t.test('an endless body is cut, and its connection ended', async (t) => {
  let sent = 0
  const partner = await serveRaw(t, (socket) => {
    const line = `${'x'.repeat(65_533)}\r\n`
    const write = socket.write.bind(socket)
    socket.write = (text: string) => {
      sent += text.length
      return write(text)
    }
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    writeForEver(socket, line)
  })
  const answer = await post(openOutbound(t), { url: partner.url })
  t.match(answer, { status: 200, body: 'x'.repeat(1_024), truncated: true })
  await until('the connection to end', () => partner.sockets.size === 0)
  // What fits into the two machines' buffers.
  t.ok(sent < 20_000_000, `${sent} bytes were sent`)
})

const OK = 'HTTP/1.1 200 OK\r\n'
const LENGTH_9 = `${OK}content-length: 9\r\n\r\n`
const forEver = (start: string, more: string) => (socket: Socket) => {
  socket.write(start)
  writeForEver(socket, more.repeat(1_000))
}
const once = (text: string) => (socket: Socket) => void socket.end(text)

const notAnswers: Readonly<Record<string, readonly [code: string, say: (socket: Socket) => void]>> = {
  'endless headers': ['invalid_response', forEver(OK, 'x-a: b\r\n')],
  'one endless header': ['invalid_response', forEver(`${OK}a: `, 'x')],
  'an endless status line': ['invalid_response', forEver('HTTP/1.1 200 OK', ' and so on')],
  'endless 103': ['invalid_response', forEver('', 'HTTP/1.1 103 Early Hints\r\n\r\n')],
  'endless 100': ['invalid_response', forEver('', 'HTTP/1.1 100 Continue\r\n\r\n')],
  'another protocol': ['invalid_response', once('220 mail.example ESMTP\r\n')],
  'a switch of protocols': [
    'invalid_response',
    once('HTTP/1.1 101 OK\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  ],
  'two lengths': ['invalid_response', once(`${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`)],
  'a broken chunk': ['invalid_response', once(`${OK}transfer-encoding: chunked\r\n\r\nzz\r\n`)],
  nothing: ['connection_failed', once('')],
  'half of the headers': ['connection_failed', once(`${OK}x-a: `)],
  'half of the body': ['connection_failed', once(`${LENGTH_9}abc`)],
  'a reset': ['connection_failed', (socket) => socket.resetAndDestroy()],
  'a reset in the body': [
    'connection_failed',
    (socket) => void socket.write(`${LENGTH_9}abc`, () => socket.resetAndDestroy()),
  ],
}

t.test('what is no answer is an error with a code, and names no address', async (t) => {
  const outbound = openOutbound(t)
  for (const [name, [code, say]] of Object.entries(notAnswers)) {
    const partner = await serveRaw(t, say)
    const error = await failureOf(outbound, { url: partner.url })
    t.equal(error.code, code, `${name}: ${error.message}`)
    t.notMatch(error.message, /127\.0\.0\.1|\[object|undefined/)
    await until(`${name}: the connection to end`, () => partner.sockets.size === 0)
  }
})

t.test('nobody listens', async (t) => {
  const server = createRawServer()
  const { port } = await startPartner(t, server)
  await new Promise((resolve) => server.close(resolve))
  const outbound = openOutbound(t)
  for (const host of ['partner.example', '127.0.0.1']) {
    const error = await failureOf(outbound, { url: `http://${host}:${port}/` })
    t.match(error, { code: 'connection_failed', message: 'The connection failed (ECONNREFUSED).' })
  }
})

t.test('a name that nobody knows', async (t) => {
  const resolve = () => Promise.reject(Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' }))
  const error = await failureOf(openOutbound(t, { resolve }), { url: 'http://partner.example/' })
  t.match(error, { code: 'dns_failure', message: 'The host name was not found (ENOTFOUND).' })
})

t.test('an answer that comes before the body was read does not wait for it', async (t) => {
  const partner = await startPartner(
    t,
    createRawServer((socket) => {
      socket.pause()
      socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n')
    }),
  )
  const url = `http://partner.example:${partner.port}/`
  const answer = await post(openOutbound(t), { url, body: Buffer.alloc(20_000_000) })
  t.equal(answer.status, 413)
  for (const socket of partner.sockets) socket.resume()
  await until('the connection to end', () => partner.sockets.size === 0)
})
