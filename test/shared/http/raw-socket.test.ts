import t from 'tap'
import { createWorld, startPod } from '../../support/app.js'
import { isProblem } from '../../support/problem.js'
import { sendRaw } from '../../support/raw.js'

const post = (headers: string, rest = '') =>
  `POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${headers}\r\nconnection: close\r\n\r\n${rest}`

t.test('what is no HTTP gets a problem and a closed connection', async (t) => {
  const { url, call } = await startPod(t, await createWorld(t))
  const badRequest = { status: 400, code: 'bad_request' }
  const garbage: Record<string, string> = {
    garbage: 'hello\r\n\r\n',
    'a TLS greeting': '\x16\x03\x01\x02\x00\x01\r\n\r\n',
    'a path without a slash': 'GET livez HTTP/1.1\r\nhost: x\r\n\r\n',
    'an unreadable authority': 'GET http://[/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    'NUL in the path': 'GET /\u0000 HTTP/1.1\r\nhost: x\r\n\r\n',
    'NUL in a header': 'GET /livez HTTP/1.1\r\nhost: x\r\na: b\u0000c\r\n\r\n',
    'a length that is no number': post('content-length: ten'),
    'a negative length': post('content-length: -1'),
    'two lengths': post('content-length: 2\r\ncontent-length: 3', '{}'),
    'length and chunks': post('content-length: 2\r\ntransfer-encoding: chunked', '0\r\n\r\n'),
    'broken chunks': post('transfer-encoding: chunked', 'zz\r\n'),
  }
  for (const [what, text] of Object.entries(garbage)) isProblem(t, await sendRaw(url, text), badRequest, what)

  const header = `x: ${'y'.repeat(20_000)}`
  const answer = await sendRaw(url, `GET /livez HTTP/1.1\r\nhost: x\r\n${header}\r\n\r\n`)
  isProblem(t, answer, { status: 431, code: 'headers_too_large' })
  const address = `GET /${'y'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`
  isProblem(t, await sendRaw(url, address), { status: 431, code: 'headers_too_large' }, 'a long address')
  t.equal((await call('GET', '/livez')).status, 200, 'the pod lives on')
})

t.test('what Node would refuse in its own words is a problem too', async (t) => {
  const { url } = await startPod(t, await createWorld(t))
  const cases: [string, string, number, string][] = [
    ['no Host', 'GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'bad_request'],
    [
      'an unknown expectation',
      'POST /v1/auth/login HTTP/1.1\r\nhost: a\r\nexpect: wonders\r\ncontent-length: 2\r\n\r\n{}',
      417,
      'expectation_failed',
    ],
  ]
  for (const [what, text, status, code] of cases) {
    const answer = await sendRaw(url, text)
    t.equal(answer.status, status, what)
    t.match(answer.body, { code, requestId: answer.headers.get('x-request-id') }, what)
    t.match(answer.headers.get('content-type'), /^application\/problem\+json/, what)
  }
})
